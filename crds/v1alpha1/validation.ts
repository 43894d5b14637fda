import type { RuleTable } from "../schema/rule.ts";
import { ruleTable } from "../schema/rule-table.ts";
import { admitted, type Admission, type ServedVersion } from "../schema/structural/custom-resource.ts";
import type { JsonObject } from "../schema/structural/structural-schema.ts";
import { modelDeploymentDefinition, modelDeploymentSchema } from "./definition.ts";
import { modelDeployment } from "./model-deployment.ts";

/** TypeScript sides of all rules in the CustomResourceDefinition. */
export const modelDeploymentRules: RuleTable = ruleTable(modelDeployment);

/** What the validator needs to know of the CustomResourceDefinition. */
export const servedModelDeployment: ServedVersion = {
  apiVersion: "modelwright.dev/v1alpha1",
  kind: "ModelDeployment",
  schema: modelDeploymentSchema,
  scale: modelDeploymentDefinition.spec.versions[0].subresources.scale,
  hasStatus: true,
};

/**
 * What a kube-apiserver would make of a ModelDeployment that somebody creates: the object with defaults, the unknown
 * fields, and the complaints in the server's own words.
 */
export function admittedModelDeployment(object: JsonObject): Admission {
  return admitted(servedModelDeployment, object, modelDeploymentRules);
}
