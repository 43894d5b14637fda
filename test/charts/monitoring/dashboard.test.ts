import { describe, expect, test } from "vitest";
import { alertGroups } from "../../../charts/monitoring/alerts.ts";
import { dashboard } from "../../../charts/monitoring/dashboard.ts";
import { metricNames } from "../../../runtime/contract/metric-names.ts";

const declared = new Set<string>(Object.values(metricNames));
/** Names of series in PromQL; those of a histogram have an ending of their own. */
const seriesOf = (text: string): readonly string[] =>
  [...text.matchAll(/modelwright_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ""));

describe.each([
  ["dashboard", JSON.stringify(dashboard())],
  ["alerts", JSON.stringify(alertGroups())],
])("the %s", (_, text) => {
  test("asks for nothing that no program tells", () => {
    const asked = seriesOf(text);
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((name) => !declared.has(name))).toEqual([]);
  });

  test("has its parentheses and braces in pairs", () => {
    const pairs = { "(": ")", "[": "]", "{": "}" } as const;
    const open: string[] = [];
    for (const letter of text) {
      if (letter in pairs) open.push(pairs[letter as keyof typeof pairs]); // as: the line above
      else if (Object.values<string>(pairs).includes(letter)) expect(open.pop()).toBe(letter);
    }
    expect(open).toEqual([]);
  });
});
