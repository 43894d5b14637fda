import type { RuleTable } from "../rule.ts";
import { defaulted } from "./defaulted.ts";
import { issue, type ValidationIssue } from "./issue.ts";
import { prunedResource } from "./prune.ts";
import { scaleIssues, type ScalePaths } from "./scale-check.ts";
import { isJsonObject, type JsonObject, type StructuralSchema } from "./structural-schema.ts";
import { validate } from "./validate.ts";

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
  return { object: stored, unknownFields, issues: validatedObject(version, stored, rules) };
}

/** Complaints about a whole object that is pruned and defaulted already. */
export function validatedObject(version: ServedVersion, object: JsonObject, rules: RuleTable): ValidationIssue[] {
  const wrongKind = typeMetaIssues(version, object);
  if (wrongKind.length > 0) return wrongKind;
  return validate(version.schema, object, rules, scaleIssues(version.scale, object));
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
