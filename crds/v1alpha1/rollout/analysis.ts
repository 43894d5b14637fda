import { Type, type Static } from "typebox";

import { duration } from "../../schema/duration.ts";
import { onlyOneOf } from "../../schema/exactly-one.ts";
import { objectName } from "../names.ts";
import { rule } from "../../schema/rule.ts";
import { text } from "../../schema/text.ts";

/** Fewest requests of each revision that a verdict rests on. */
export const minimumRequests = (assumed: number | string) =>
  Type.Integer({
    description:
      "Fewest requests of the candidate that a verdict rests on; fewer are no verdict, unless ten or more failed beyond doubt.",
    assumed,
    minimum: 1,
    maximum: 1_000_000,
  });

const tolerance = (description: string, assumed: number) =>
  Type.Number({ description, assumed, minimum: 0, maximum: 1_000_000 });

const percent = (description: string, assumed: number) =>
  Type.Number({ description, assumed, minimum: 0, maximum: 100 });

const golden = Type.Object(
  {
    configMap: Type.Optional(
      Type.Object(
        {
          name: text({ description: "Name of the ConfigMap, in the same namespace.", ...objectName }),
          key: Type.String({ description: "Key in it.", minLength: 1, maxLength: 253 }),
        },
        {
          description:
            'JSON lines: {"request": body of :predict, "response": the answer that is expected}; without response the stable revision\'s answer is.',
        },
      ),
    ),
    warmup: Type.Optional(
      Type.Object(
        {},
        {
          description:
            "The requests of Predict that the stable revision's SavedModel holds in assets.extra/tf_serving_warmup_requests, the first 100 and 8 MiB as JSON; the answers of the stable revision are expected.",
        },
      ),
    ),
    tolerance: Type.Optional(
      tolerance("Largest difference of two numbers, relative to the larger one above 1, absolute below.", 0.001),
    ),
  },
  {
    description:
      "Requests that the candidate must answer as expected before it gets any traffic: those of configMap or of warmup.",
    rules: [onlyOneOf(["configMap", "warmup"])],
  },
);

const shadow = Type.Object(
  {
    percent: Type.Optional(
      percent("Share of the stable revision's requests that the candidate answers as well, unseen by clients.", 5),
    ),
    tolerance: Type.Optional(
      tolerance("Largest difference of two numbers, relative to the larger one above 1, absolute below.", 0.01),
    ),
    maxDivergence: Type.Optional(percent("Share of compared answers that may differ, in percent.", 1)),
  },
  {
    description: "Live requests are answered by both revisions and the answers compared; clients get the stable one's.",
  },
);

/** `spec.rollout.analysis`: how the candidate is judged, all the time it has traffic. */
export const analysis = Type.Object(
  {
    interval: Type.Optional(
      duration({ description: "How often it is judged.", assumed: "10s", atLeast: "1s", atMost: "1h" }),
    ),
    minimumRequests: Type.Optional(minimumRequests(50)),
    errorRate: Type.Optional(
      Type.Object(
        {
          maxIncrease: Type.Optional(
            percent(
              "Percentage points by which the candidate's share of failed requests may exceed the stable one's.",
              1,
            ),
          ),
        },
        { description: "Failed requests: answers of 5xx, broken connections, time-outs." },
      ),
    ),
    latency: Type.Optional(
      Type.Object(
        {
          quantile: Type.Optional(
            Type.Number({
              description: "Which quantile is compared, from 0.5 to 0.999.",
              assumed: 0.95,
              // Not by minimum and maximum: of these the API server drops the fraction when the value has none.
              rules: [
                rule<number>({
                  cel: "self >= 0.5 && self <= 0.999",
                  message: "must be from 0.5 to 0.999",
                  holds: (quantile) => quantile >= 0.5 && quantile <= 0.999,
                }),
              ],
            }),
          ),
          maxIncrease: Type.Optional(
            Type.Number({
              description: "Percent by which the candidate's quantile may exceed the stable one's.",
              assumed: 50,
              minimum: 0,
              maximum: 100_000,
            }),
          ),
        },
        { description: "Time until the answer; the first request of each pod does not count. Absent: not judged." },
      ),
    ),
    predictionDiff: Type.Optional(
      Type.Object(
        { golden: Type.Optional(golden), shadow: Type.Optional(shadow) },
        { description: "Whether the candidate's predictions are those of the stable revision, within limits." },
      ),
    ),
  },
  {
    description:
      "How the candidate is judged against the stable revision over the same time. Absent: by its error rate, with what is assumed.",
  },
);

/** `spec.rollout.analysis`. */
export type AnalysisSpec = Static<typeof analysis>;
