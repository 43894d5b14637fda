import fc from "fast-check";

import { modelDeploymentSchema } from "../../../crds/v1alpha1/definition.ts";
import type { StructuralSchema } from "../../../crds/schema/structural/structural-schema.ts";
import type { RandomSource } from "../schedule/random.ts";

/** A field of the spec, such as `rollout.canary.steps[].setWeight`; `{}` is any key of a map. */
export interface SpecField {
  readonly path: string;
  readonly steps: readonly string[];
}

/** The key of sampled maps. */
const anyKey = "example.com/disk";
const element = "[]";
const member = "{}";

const spec: StructuralSchema = within(modelDeploymentSchema, "spec");

/** All leaf fields of the spec. */
export const specFields: readonly SpecField[] = leaves(spec, []).map((steps) => ({ path: pathText(steps), steps }));

/**
 * Samples a spec with the field and as few others as the schema allows, or with random others if `isRich`. It satisfies the
 * types, bounds and patterns of the schema, but not necessarily the rules across fields.
 */
export function specWith(field: SpecField, random: RandomSource, isRich: boolean): Record<string, unknown> {
  return asObject(sample(spec, { rest: field.steps, path: [], random, isRich }));
}

function leaves(schema: StructuralSchema, steps: readonly string[]): readonly (readonly string[])[] {
  const { properties, items, additionalProperties } = schema;
  if (properties !== undefined && Object.keys(properties).length > 0)
    return Object.entries(properties).flatMap(([key, inner]) => leaves(inner, [...steps, key]));
  if (items !== undefined) return leaves(items, [...steps, element]);
  if (typeof additionalProperties === "object") return leaves(additionalProperties, [...steps, member]);
  return [steps];
}

function pathText(steps: readonly string[]): string {
  return steps.reduce((path, step) => (path === "" || step === element ? `${path}${step}` : `${path}.${step}`), "");
}

interface Place {
  /** The remaining path to the field; undefined outside of that path. */
  readonly rest: readonly string[] | undefined;
  readonly path: readonly string[];
  readonly random: RandomSource;
  readonly isRich: boolean;
}

function sample(schema: StructuralSchema, place: Place): unknown {
  const { properties, items, additionalProperties } = schema;
  if (properties !== undefined) return sampledMembers(schema, properties, place);
  if (items !== undefined) return [sample(items, inner(place, element))];
  if (typeof additionalProperties === "object") return { [anyKey]: sample(additionalProperties, inner(place, member)) };
  return sampledValue(schema, place);
}

function sampledMembers(
  { required = [] }: StructuralSchema,
  properties: Readonly<Record<string, StructuralSchema>>,
  place: Place,
): unknown {
  const isWanted = (key: string): boolean =>
    place.rest?.[0] === key || required.includes(key) || (place.isRich && place.random.bool(0.3));
  const wanted = Object.entries(properties).filter(([key]) => isWanted(key));
  return Object.fromEntries(wanted.map(([key, schema]) => [key, sample(schema, inner(place, key))]));
}

function inner({ rest, path, random, isRich }: Place, step: string): Place {
  return { rest: rest?.[0] === step ? rest.slice(1) : undefined, path: [...path, step], random, isRich };
}

/**
 * Values of fields whose schema is weaker than a cluster's rules or allows thousands of pods, and durations that fit the
 * simulation.
 */
const known: Readonly<Record<string, readonly unknown[]>> = {
  replicas: [0, 1, 3],
  "model.source.http.url": ["https://models.example.com/a.onnx", "http://127.0.0.1:1/b.h5"],
  "model.source.persistentVolumeClaim.path": ["a.onnx", "some/folder"],
  "model.source.image.path": ["a.onnx", "models/b.onnx"],
  "autoscaling.schedules[].timezone": ["Europe/Berlin", "Etc/UTC", "Asia/Kolkata"],
  "autoscaling.schedules[].start": ["0 8 * * 1-5", "30 6 1 * *"],
  "rollout.blueGreen.scaleDownDelay": ["1500ms", "20s"],
  "rollout.progressDeadline": ["10m", "24h"],
  "serving.warmup.requests[]": ['{"instances":[[0]]}', '{"instances":[[1],[2]]}'],
  "rollout.analysis.latency.quantile": [0.5, 0.95, 0.999],
  "scheduling.affinity": [
    { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [hasDisk()] } } },
  ],
};

function hasDisk(): object {
  return { matchExpressions: [{ key: anyKey, operator: "Exists" }] };
}

/** Realistic durations: the pattern accepts centuries, too. */
const durations = ["1500ms", "45s", "2m", "1h30m"] as const;

function sampledValue(schema: StructuralSchema, { path, random }: Place): unknown {
  const choices = known[pathText(path)] ?? schema.enum;
  if (choices !== undefined) return choices[random.integer(0, choices.length - 1)];
  if (schema.type === "boolean") return random.bool(0.5);
  if (schema.type === "integer" || schema.type === "number") {
    const { minimum = 0, maximum = minimum + 4 } = schema;
    return random.integer(minimum, Math.min(maximum, minimum + 4));
  }
  return schema.type === "object" ? {} : sampledText(schema, random);
}

function sampledText(schema: StructuralSchema, random: RandomSource): string {
  const patterns = (schema["x-kubernetes-validations"] ?? []).flatMap(({ rule }) => patternOf(rule) ?? []);
  const [pattern] = patterns;
  if (pattern === undefined) return `text-${random.integer(1, 9)}`;
  if (patterns.some((one) => one.includes("(ms|s|m|h)"))) return random.pick(durations);
  const texts = fc.stringMatching(new RegExp(pattern, "u")).filter(({ length }) => length <= (schema.maxLength ?? 64));
  return fc.sample(texts, { seed: random.integer(0, 1_000_000), numRuns: 1 })[0] ?? "";
}

/** The regular expression of a rule such as `self.matches('^[a-z]+$')`. */
function patternOf(rule: string): string | undefined {
  return /matches\('((?:[^'\\]|\\.)*)'\)/.exec(rule)?.[1]?.replaceAll("\\\\", "\\");
}

function within(schema: StructuralSchema, key: string): StructuralSchema {
  const found = schema.properties?.[key];
  if (found === undefined) throw new Error(`the schema has no ${key}`);
  return found;
}

function asObject(value: unknown): Record<string, unknown> {
  return value as Record<string, unknown>; // a sample of an object's schema
}
