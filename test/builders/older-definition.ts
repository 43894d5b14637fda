import { modelDeploymentDefinition, modelDeploymentSchema } from "../../crds/v1alpha1/definition.ts";

/** Our CustomResourceDefinition from before `spec.suspend`. */
export function olderDefinition(): typeof modelDeploymentDefinition {
  const [version] = modelDeploymentDefinition.spec.versions;
  const { properties = {} } = modelDeploymentSchema;
  const { suspend: _, ...fields } = properties["spec"]?.properties ?? {};
  const spec = { ...properties["spec"], properties: fields };
  const schema = { openAPIV3Schema: { ...modelDeploymentSchema, properties: { ...properties, spec } } };
  return {
    ...modelDeploymentDefinition,
    spec: { ...modelDeploymentDefinition.spec, versions: [{ ...version, schema }] },
  };
}
