import type { RuleTable } from "../rule.ts";
import { defaulted } from "./defaulted.ts";
import { issue, type ValidationIssue } from "./issue.ts";
import { prunedResource } from "./prune.ts";
import { scaleIssues, scaleStatusIssues, type ScalePaths } from "./scale-check.ts";
import { isJsonObject, type JsonObject, type StructuralSchema } from "./structural-schema.ts";
import { withRules } from "./validate.ts";
import { valueIssues } from "./value-check.ts";

/** The parts of a CustomResourceDefinition's version that admission needs. */
export interface ServedVersion {
  /** Such as `modelwright.dev/v1alpha1`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly schema: StructuralSchema;
  /** `subresources.scale`, if the version has it. */
  readonly scale?: ScalePaths;
  /** Whether the version has the status subresource: status is then ignored in creates and updates. */
  readonly hasStatus?: boolean;
}

/** Result of admitting a created object. */
export interface Admission {
  /** The object as it would be stored: pruned, defaulted, without status if that is a subresource. */
  readonly object: JsonObject;
  /** Fields that the schema does not have; strict field validation reports `unknown field "…"` for each. */
  readonly unknownFields: readonly string[];
  /** Validation errors; empty when the object would be accepted. */
  readonly issues: readonly ValidationIssue[];
}

/** Prunes, defaults and validates an object in the order of a kube-apiserver's create. */
export function admitted(version: ServedVersion, object: JsonObject, rules: RuleTable): Admission {
  const { value, unknownFields } = prunedResource(version.schema, object);
  const { status: _, ...withoutStatus } = value;
  const filled = defaulted(version.schema, version.hasStatus === true ? withoutStatus : value);
  const stored = isJsonObject(filled) ? filled : {};
  return { object: stored, unknownFields, issues: [...validatedObject(version, stored, rules), ...nameIssues(stored)] };
}

/** Validation errors of a pruned and defaulted object, as on create and update. */
export function validatedObject(version: ServedVersion, object: JsonObject, rules: RuleTable): ValidationIssue[] {
  const wrongKind = typeMetaIssues(version, object);
  if (wrongKind.length > 0) return wrongKind;
  const { schema } = version;
  const found = [...valueIssues(schema, object, ""), ...scaleIssues(version.scale, object)];
  return withRules({ schema, value: object, rules }, found);
}

/** Validation errors of a write to the status subresource: only status is checked against the schema, but all rules are evaluated. */
export function validatedStatus(version: ServedVersion, object: JsonObject, rules: RuleTable): ValidationIssue[] {
  const wrongKind = typeMetaIssues(version, object);
  if (wrongKind.length > 0) return wrongKind;
  const { schema } = version;
  const statusSchema = schema.properties?.["status"];
  const ofStatus =
    statusSchema === undefined || object["status"] === undefined ? [] : valueIssues(statusSchema, object["status"], "");
  // Unlike on create, the server's message itself does not contain "status".
  const found = ofStatus.map((complaint) => ({
    ...complaint,
    field: complaint.field === "<nil>" ? "status" : `status.${complaint.field}`,
  }));
  const scale = scaleStatusIssues(version.scale, object);
  return withRules({ schema, value: object, rules }, [...found, ...scale]);
}

function typeMetaIssues(version: ServedVersion, object: JsonObject): ValidationIssue[] {
  const wanted = { kind: version.kind, apiVersion: version.apiVersion };
  return Object.entries(wanted)
    .filter(([name, text]) => object[name] !== text)
    .map(([name, text]) => {
      const value = object[name] ?? "";
      return issue("FieldValueInvalid", { path: name, value, detail: `must be ${text}` });
    });
}

const subdomain = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";

/** Validation errors of the object's name (apimachinery, pkg/api/validate/content/dns.go). */
function nameIssues({ metadata }: JsonObject): ValidationIssue[] {
  const name = isJsonObject(metadata) ? metadata["name"] : undefined;
  if (typeof name !== "string") return [];
  const complain = (detail: string) => issue("FieldValueInvalid", { path: "metadata.name", value: name, detail });
  const formed = new RegExp(`^${subdomain}$`).test(name);
  const form =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
  return [
    ...(name.length > 253 ? [complain("must be no more than 253 characters")] : []),
    ...(formed ? [] : [complain(`${form} (e.g. 'example.com', regex used for validation is '${subdomain}')`)]),
  ];
}
