import { goQuoted } from "../grammar/go-quoted.ts";

/** Type of a validation error, as in `details.causes[].reason` of a Status. */
export type IssueType =
  | "FieldValueRequired"
  | "FieldValueInvalid"
  | "FieldValueTypeInvalid"
  | "FieldValueNotSupported"
  | "FieldValueDuplicate"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueForbidden";

/** A validation error, in the API server's own words. */
export interface ValidationIssue {
  readonly type: IssueType;
  /** Path of the field, such as `spec.model.source`; `<nil>` is the object itself. */
  readonly field: string;
  /** What is wrong, without the field. */
  readonly body: string;
}

/** The issue as the API server prints it. */
export function issueText(issue: ValidationIssue): string {
  return `${issue.field}: ${issue.body}`;
}

const titles: Readonly<Record<IssueType, string>> = {
  FieldValueRequired: "Required value",
  FieldValueInvalid: "Invalid value",
  FieldValueTypeInvalid: "Invalid value",
  FieldValueNotSupported: "Unsupported value",
  FieldValueDuplicate: "Duplicate value",
  FieldValueTooLong: "Too long",
  FieldValueTooMany: "Too many",
  FieldValueForbidden: "Forbidden",
};

/** Parts of an issue. Texts follow apimachinery, pkg/util/validation/field/errors.go. */
export interface IssueParts {
  /** Path of the field; empty for the object itself. */
  readonly path: string;
  /** The offending value; absent when the server leaves it out. */
  readonly value?: unknown;
  readonly detail?: string;
}

/** Makes an issue in the API server's words. */
export function issue(type: IssueType, parts: IssueParts): ValidationIssue {
  const value = "value" in parts ? `: ${goText(parts.value)}` : "";
  const detail = parts.detail === undefined ? "" : `: ${parts.detail}`;
  return { type, field: parts.path === "" ? "<nil>" : parts.path, body: `${titles[type]}${value}${detail}` };
}

/** Path of an object's field. */
export function child(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** A JSON value as Go prints it in an issue: a quoted string, a plain number, or JSON with sorted keys. */
function goText(value: unknown): string {
  if (typeof value === "string") return goQuoted(value);
  return goJson(value);
}

function goJson(value: unknown): string {
  const sorted = (_key: string, part: unknown): unknown =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  // As Go's encoder does, for JSON inside of HTML.
  return JSON.stringify(value, sorted).replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
}
