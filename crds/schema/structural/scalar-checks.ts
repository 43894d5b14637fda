import { goQuoted } from "../grammar/go-quoted.ts";
import { issue, type ValidationIssue } from "./issue.ts";
import type { StructuralSchema } from "./structural-schema.ts";

const int32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };

/** Validation errors of a number: range of its format, minimum, maximum. */
export function numberIssues(schema: StructuralSchema, value: number, path: string): ValidationIssue[] {
  const outside = [lowerBound(schema, value), upperBound(schema, value)].filter((words) => words !== undefined);
  const complain = (words: string) =>
    issue("FieldValueInvalid", { path, value, detail: `${path} in body should be ${words}` });
  const range = rangeIssue(schema, value, path);
  return [...(range === undefined ? [] : [range]), ...outside.map(complain)];
}

/** The server reports this error for the whole object. */
function rangeIssue({ type, format }: StructuralSchema, value: number, path: string): ValidationIssue | undefined {
  const fits = Number.isInteger(value) && (format !== "int32" || (value >= int32.min && value <= int32.max));
  if (type !== "integer" || fits) return undefined;
  const wanted = format === undefined ? "(default format)" : `with format ${format}`;
  const detail = `Checked value must be of type integer ${wanted} in ${path}`;
  return issue("FieldValueInvalid", { path: "", value: "", detail });
}

function lowerBound({ minimum, exclusiveMinimum = false }: StructuralSchema, value: number): string | undefined {
  if (minimum === undefined) return undefined;
  if (exclusiveMinimum) return value > minimum ? undefined : `greater than ${minimum}`;
  return value >= minimum ? undefined : `greater than or equal to ${minimum}`;
}

function upperBound({ maximum, exclusiveMaximum = false }: StructuralSchema, value: number): string | undefined {
  if (maximum === undefined) return undefined;
  if (exclusiveMaximum) return value < maximum ? undefined : `less than ${maximum}`;
  return value <= maximum ? undefined : `less than or equal to ${maximum}`;
}

/** Validation errors of a string: of length or else pattern, then of format. */
export function stringIssues(schema: StructuralSchema, value: string, path: string): ValidationIssue[] {
  const issues = [
    lengthIssue(schema, value, path) ?? patternIssue(schema, value, path),
    formatIssue(schema, value, path),
  ];
  return issues.filter((found) => found !== undefined);
}

function lengthIssue(schema: StructuralSchema, value: string, path: string): ValidationIssue | undefined {
  const { minLength, maxLength } = schema;
  // Lengths are in characters. A string of n UTF-16 units has n / 2 to n of them, so most need no counting.
  const isWithin = value.length <= (maxLength ?? Infinity) && value.length >= 2 * (minLength ?? 0);
  const length = isWithin ? value.length : Array.from(value).length;
  if (maxLength !== undefined && length > maxLength) {
    const detail = `may not be more than ${maxLength} ${maxLength === 1 ? "byte" : "bytes"}`;
    return issue("FieldValueTooLong", { path, detail });
  }
  if (minLength !== undefined && length < minLength) {
    const detail = `${path} in body should be at least ${minLength} chars long`;
    return issue("FieldValueInvalid", { path, value, detail });
  }
  return undefined;
}

const patterns = new Map<string, RegExp>();

/** Cached: schemas have few patterns. */
function compiled(pattern: string): RegExp {
  const known = patterns.get(pattern) ?? new RegExp(pattern);
  patterns.set(pattern, known);
  return known;
}

function patternIssue(schema: StructuralSchema, value: string, path: string): ValidationIssue | undefined {
  const { pattern } = schema;
  if (pattern === undefined || compiled(pattern).test(value)) return undefined;
  return issue("FieldValueInvalid", { path, value, detail: `${path} in body should match '${pattern}'` });
}

/** RFC 3339 as the API server parses it (kube-openapi, pkg/validation/strfmt/time.go). */
const dateTime = /^\d{4}-\d{2}-\d{2}t([01]\d|2[0-3]):[0-5]\d:[0-5]\d(.\d+)?(z|[+-]\d{2}:\d{2})$/i;

function formatIssue(schema: StructuralSchema, value: string, path: string): ValidationIssue | undefined {
  if (schema.format !== "date-time") return undefined;
  if (dateTime.test(value) && !Number.isNaN(Date.parse(value.slice(0, 10)))) return undefined;
  const detail = `${path} in body must be of type date-time: ${goQuoted(value)}`;
  return issue("FieldValueTypeInvalid", { path, value, detail });
}

/** The validation error of a value that the schema's enum does not have. */
export function enumIssue(schema: StructuralSchema, value: unknown, path: string): ValidationIssue | undefined {
  if (schema.enum === undefined || schema.enum.includes(value)) return undefined;
  const supported = schema.enum.map((admitted) =>
    goQuoted(typeof admitted === "string" ? admitted : JSON.stringify(admitted)),
  );
  return issue("FieldValueNotSupported", { path, value, detail: `supported values: ${supported.join(", ")}` });
}
