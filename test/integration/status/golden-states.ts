import { readdirSync, readFileSync } from "node:fs";
import type { Condition } from "../../../crds/v1alpha1/model-deployment.ts";

/** A ModelDeployment after one turn of a golden story: the conditions as the operator wrote them. */
export interface GoldenState {
  readonly story: string;
  readonly object: {
    readonly metadata: { readonly generation: number };
    readonly status: { readonly observedGeneration: number; readonly conditions: readonly GoldenCondition[] };
  };
}

type GoldenCondition = Pick<Condition, "type" | "status" | "reason" | "message" | "observedGeneration">;

/** All states of the golden stories. */
export function goldenStates(): readonly GoldenState[] {
  const folder = new URL("../../golden/stories/", import.meta.url);
  const stories = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".txt"));
  return stories.flatMap((story) =>
    readFileSync(new URL(story, folder), "utf8")
      .split(/^turn \d+$/m)
      .map((turn) => [...turn.matchAll(/^ {2}(\w+)=(True|False) (\w+): (.*)$/gm)])
      .filter((found) => found.length > 0)
      .map((found) => ({ story, object: goldenState(found) })),
  );
}

function goldenState(found: readonly (readonly string[])[]): GoldenState["object"] {
  const conditions = found.map(([, type = "", status, reason = "", message = ""]): GoldenCondition => ({
    type,
    status: status === "True" ? "True" : "False",
    reason,
    message,
    observedGeneration: 1,
  }));
  return { metadata: { generation: 1 }, status: { observedGeneration: 1, conditions } };
}
