import type { RuleTable } from "../schema/rule.ts";
import { collectedRules } from "../schema/collected-rules.ts";
import { admitted, type Admission, type ServedVersion } from "../schema/structural/custom-resource.ts";
import type { JsonObject } from "../schema/structural/structural-schema.ts";
import { modelDeploymentDefinition, modelDeploymentSchema } from "./definition.ts";
import { modelDeployment } from "./model-deployment.ts";

/** All rules in the CustomResourceDefinition. */
export const modelDeploymentRules: RuleTable = collectedRules(modelDeployment);

/** The CustomResourceDefinition as the validator takes it. */
export const servedModelDeployment: ServedVersion = {
  apiVersion: "modelwright.dev/v1alpha1",
  kind: "ModelDeployment",
  schema: modelDeploymentSchema,
  scale: modelDeploymentDefinition.spec.versions[0].subresources.scale,
  hasStatus: true,
};

/**
 * Admits a ModelDeployment as a kube-apiserver does on create: returns the object with defaults, the unknown fields, and the errors in
 * the server's own words.
 */
export function admittedModelDeployment(object: JsonObject): Admission {
  return admitted(servedModelDeployment, object, modelDeploymentRules);
}
