import { describe, expect, test } from "vitest";
import { alertGroups } from "../../../charts/monitoring/alerts.ts";
import { dashboard } from "../../../charts/monitoring/dashboard.ts";
import { metricNames } from "../../../runtime/contract/metric-names.ts";

const declared = new Set<string>(Object.values(metricNames));
/** Metric names in PromQL, without the suffixes of histograms. */
const seriesOf = (text: string): readonly string[] =>
  [...text.matchAll(/modelwright_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ""));

describe.each([
  ["dashboard", JSON.stringify(dashboard())],
  ["alerts", JSON.stringify(alertGroups())],
])("the %s", (_, text) => {
  test("queries only metrics that a program exports", () => {
    const asked = seriesOf(text);
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((name) => !declared.has(name))).toEqual([]);
  });

  test("has balanced parentheses and braces", () => {
    const pairs = { "(": ")", "[": "]", "{": "}" } as const;
    const open: string[] = [];
    for (const letter of text) {
      if (letter in pairs) open.push(pairs[letter as keyof typeof pairs]); // as: the line above
      else if (Object.values<string>(pairs).includes(letter)) expect(open.pop()).toBe(letter);
    }
    expect(open).toEqual([]);
  });
});
