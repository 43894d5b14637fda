import type { RuleTable } from "../rule.ts";
import { defaulted } from "./defaulted.ts";
import { issue, type ValidationIssue } from "./issue.ts";
import { prunedResource } from "./prune.ts";
import { scaleIssues, scaleStatusIssues, type ScalePaths } from "./scale-check.ts";
import { isJsonObject, type JsonObject, type StructuralSchema } from "./structural-schema.ts";
import { withRules } from "./validate.ts";
import { valueIssues } from "./value-check.ts";

/** What a CustomResourceDefinition says about one of its versions, as far as admission needs it. */
export interface ServedVersion {
  /** As `modelwright.dev/v1alpha1`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly schema: StructuralSchema;
  /** `subresources.scale`, when the version has it. */
  readonly scale?: ScalePaths;
  /** Whether the version has the status subresource: then nobody but its writers sets status. */
  readonly hasStatus?: boolean;
}

/** What the API server makes of an object that somebody creates. */
export interface Admission {
  /** The object as it would be stored: pruned, defaulted, without a status that is not the creator's to set. */
  readonly object: JsonObject;
  /** Fields that the schema does not know; strict requests are refused with `unknown field "…"` for each. */
  readonly unknownFields: readonly string[];
  /** Why the object would be refused; empty when it would not. */
  readonly issues: readonly ValidationIssue[];
}

/** Prunes, defaults and validates an object in the order in which a kube-apiserver does it for a create. */
export function admitted(version: ServedVersion, object: JsonObject, rules: RuleTable): Admission {
  const { value, unknownFields } = prunedResource(version.schema, object);
  const { status: _, ...withoutStatus } = value;
  const filled = defaulted(version.schema, version.hasStatus === true ? withoutStatus : value);
  const stored = isJsonObject(filled) ? filled : {};
  return { object: stored, unknownFields, issues: [...validatedObject(version, stored, rules), ...nameIssues(stored)] };
}

/** Complaints about a whole object that is pruned and defaulted already, as on create and update. */
export function validatedObject(version: ServedVersion, object: JsonObject, rules: RuleTable): ValidationIssue[] {
  const wrongKind = typeMetaIssues(version, object);
  if (wrongKind.length > 0) return wrongKind;
  const { schema } = version;
  const found = [...valueIssues(schema, object, ""), ...scaleIssues(version.scale, object)];
  return withRules({ schema, value: object, rules }, found);
}

/** Complaints about an object whose status subresource is written: only status meets the schema, but every rule runs. */
export function validatedStatus(version: ServedVersion, object: JsonObject, rules: RuleTable): ValidationIssue[] {
  const wrongKind = typeMetaIssues(version, object);
  if (wrongKind.length > 0) return wrongKind;
  const { schema } = version;
  const statusSchema = schema.properties?.["status"];
  const ofStatus =
    statusSchema === undefined || object["status"] === undefined ? [] : valueIssues(statusSchema, object["status"], "");
  // Unlike on create, the server's sentence itself does not say "status".
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

/** The complaint about a name that no custom resource can have (apimachinery, pkg/api/validate/content/dns.go). */
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
