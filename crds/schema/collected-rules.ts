import type { TSchema } from "typebox";

import type { Rule, RuleTable } from "./rule.ts";

interface Parts {
  readonly rules?: readonly Rule[];
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly patternProperties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
}

/** All rules of a TypeBox schema and of the schemas inside it. */
export function collectedRules(schema: TSchema): RuleTable {
  const { rules = [], properties = {}, patternProperties = {}, items }: Parts = schema;
  const parts = [
    ...Object.values(properties),
    ...Object.values(patternProperties),
    ...(items === undefined ? [] : [items]),
  ];
  return new Map([
    ...rules.map((rule) => [rule.cel, rule] as const),
    ...parts.flatMap((part) => [...collectedRules(part)]),
  ]);
}
