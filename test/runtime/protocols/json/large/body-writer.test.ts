import { describe, expect, test } from "vitest";
import { Fault } from "../../../../../runtime/base/fault.ts";
import type { NamedTensor, Tensor } from "../../../../../runtime/dataplane/tensor.ts";
import { type WrittenAnswer, bodyWriter } from "../../../../../runtime/protocols/json/large/body-writer.ts";
import { type InferAnswerOrder, inferAnswer } from "../../../../../runtime/protocols/open-inference/response.ts";
import {
  type InferMessageOrder,
  inferMessage,
  outputsToWrite,
} from "../../../../../runtime/protocols/open-inference/rpc/response.ts";
import { classRows } from "../../../../../runtime/protocols/tensorflow-serving/examples/classification.ts";
import { regressionValues } from "../../../../../runtime/protocols/tensorflow-serving/examples/regression.ts";
import {
  classificationResponse,
  multiInferenceResponse,
  regressionResponse,
} from "../../../../../runtime/protocols/tensorflow-serving/rpc/api-messages.ts";
import {
  type ExampleMessageOrder,
  type InferencesOrder,
  classificationMessage,
  inferencesMessage,
  regressionMessage,
} from "../../../../../runtime/protocols/tensorflow-serving/rpc/examples/example-answers.ts";
import {
  type ExampleAnswerOrder,
  type PredictAnswerOrder,
  classifyBody,
  predictBody,
  regressBody,
} from "../../../../../runtime/protocols/tensorflow-serving/response.ts";
import { nicenessOf, nicest } from "../../../base/threads/thread-niceness.ts";

const predicts = bodyWriter<PredictAnswerOrder, WrittenAnswer>("write predict");
const infers = bodyWriter<InferAnswerOrder, WrittenAnswer>("write infer");
const classifies = bodyWriter<ExampleAnswerOrder, WrittenAnswer>("write classify");
const regresses = bodyWriter<ExampleAnswerOrder, WrittenAnswer>("write regress");
const classifications = bodyWriter<ExampleMessageOrder, WrittenAnswer>("write classification");
const regressions = bodyWriter<ExampleMessageOrder, WrittenAnswer>("write regression");
const inferences = bodyWriter<InferencesOrder, WrittenAnswer>("write inferences");
const messages = bodyWriter<InferMessageOrder, WrittenAnswer>("write inference");

const rows = 30_000;
const numbers: Tensor = {
  dtype: "float32",
  shape: [rows, 2],
  data: Float32Array.from({ length: 2 * rows }, (_, i) => i / 7),
};
const labels: Tensor = {
  dtype: "string",
  shape: [rows, 2],
  data: Array.from({ length: 2 * rows }, (_, i) => Buffer.from(`Klasse „${i}“`)),
};
const column: Tensor = { ...numbers, shape: [2 * rows, 1] };
const named = (outputs: Readonly<Record<string, Tensor>>): readonly NamedTensor[] =>
  Object.entries(outputs).map(([name, tensor]) => ({ name, tensor }));
const y = named({ y: numbers });
const scored = named({ classes: labels, scores: numbers });
const infer = { model: "m", version: 3, id: "1" };
const modelSpec = { name: "m", version: { value: 3 }, signatureName: "s" };
const all = { rows: 2 * rows, modelSpec };
const classes = [{ name: "y", binary: true, classes: { count: 1, hasRows: true } }];
const message = { model: "m", version: 3, id: "1", wanted: classes, isRaw: false, isStreamed: false };
const tasks = [
  { kind: "classify", rows, modelSpec, outputCount: 2 },
  { kind: "regress", rows: 2 * rows, modelSpec, outputCount: 1 },
] as const;
const ofTasks = [...scored, ...named({ outputs: column })];

/** As its bytes go out; what is thrown as its code. */
async function told(answer: () => WrittenAnswer | Promise<WrittenAnswer> | undefined): Promise<object> {
  try {
    const { body, ...rest } = (await answer()) ?? { body: "" };
    return { ...plain(rest), body: Buffer.from(body).toString() };
  } catch (thrown) {
    const { record, retry, level } = Fault.from(thrown);
    return { ...record, retry, level };
  }
}

function plain({ tail, ...rest }: { readonly tail?: readonly Uint8Array[] }): object {
  return tail === undefined ? rest : { ...rest, tail: tail.map((bytes) => Buffer.from(bytes).toString("hex")) };
}

type Written = readonly [here: () => WrittenAnswer, aside: () => Promise<WrittenAnswer> | undefined];

describe("a large answer that is written aside is the same:", () => {
  test.each<readonly [string, Written]>([
    ["rows", [() => ({ body: predictBody("row", y) }), () => predicts.write({ format: "row" }, y)]],
    ["columns", [() => ({ body: predictBody("columnar", y) }), () => predicts.write({ format: "columnar" }, y)]],
    [
      "outputs of other rows",
      [
        () => ({ body: predictBody("row", [...y, ...named({ z: column })]) }),
        () => predicts.write({ format: "row" }, [...y, ...named({ z: column })]),
      ],
    ],
    [
      "JSON of the Open Inference Protocol",
      [() => inferAnswer({ ...infer, wanted: [] }, y), () => infers.write({ ...infer, wanted: [] }, y)],
    ],
    [
      "classes of the Open Inference Protocol, as binary data",
      [() => inferAnswer({ ...infer, wanted: classes }, y), () => infers.write({ ...infer, wanted: classes }, y)],
    ],
    [
      "classes with labels",
      [() => ({ body: classifyBody(classRows(scored, rows)) }), () => classifies.write({ rows }, scored)],
    ],
    [
      "classes of too few examples",
      [() => ({ body: classifyBody(classRows(scored, rows + 1)) }), () => classifies.write({ rows: rows + 1 }, scored)],
    ],
    [
      "classes with labels over gRPC",
      [
        () => ({ body: classificationResponse.encode(classificationMessage({ rows, modelSpec }, scored)) }),
        () => classifications.write({ rows, modelSpec }, scored),
      ],
    ],
    [
      "values over gRPC",
      [
        () => ({ body: regressionResponse.encode(regressionMessage(all, named({ outputs: column }))) }),
        () => regressions.write(all, named({ outputs: column })),
      ],
    ],
    [
      "classes of the Open Inference Protocol over gRPC",
      [() => ({ body: inferMessage(message, y) }), () => messages.write(message, y)],
    ],
    [
      "texts as raw contents in a stream",
      [
        () => ({ body: inferMessage({ ...message, wanted: [], isRaw: true, isStreamed: true }, named({ y: labels })) }),
        () => messages.write({ ...message, wanted: [], isRaw: true, isStreamed: true }, named({ y: labels })),
      ],
    ],
    [
      "classes and values of several tasks",
      [
        () => ({ body: multiInferenceResponse.encode(inferencesMessage({ tasks }, ofTasks)) }),
        () => inferences.write({ tasks }, ofTasks),
      ],
    ],
    [
      "values",
      [
        () => ({ body: regressBody(regressionValues(named({ outputs: column }), 2 * rows)) }),
        () => regresses.write({ rows: 2 * rows }, named({ outputs: column })),
      ],
    ],
  ])("%s", async (_, [here, aside]) => {
    const [wanted, written] = [await told(here), await told(aside)];
    expect(Object.keys(wanted).length).toBeGreaterThan(0);
    expect(JSON.stringify(written) === JSON.stringify(wanted)).toBe(true);
  });
});

test.runIf(process.platform === "linux")("the thread of large bodies yields its core to the event loop", async () => {
  await predicts.write({ format: "row" }, y);
  expect([nicenessOf(process.pid), nicest()]).toEqual([0, 10]);
});

test("a small answer is written where it is", () => {
  expect(predicts.write({ format: "row" }, named({ y: { ...numbers, shape: [4], data: new Float32Array(4) } }))).toBe(
    undefined,
  );
});

test("an answer of which little is to be written is written where it is", () => {
  expect(infers.write({ ...infer, wanted: [{ name: "y", binary: true }] }, y, [])).toBe(undefined);
});

test.each([
  ["numbers as raw contents", { wanted: [], isRaw: true }, { y: numbers }, []],
  ["floats by type", { wanted: [], isRaw: false }, { y: numbers }, []],
  ["texts as raw contents", { wanted: [], isRaw: true }, { y: labels }, ["y"]],
  ["classes", { wanted: classes, isRaw: true }, { y: numbers, z: numbers }, ["y"]],
])("of a message over gRPC, is to be written what is not copied: %s", (_, order, outputs, want) => {
  expect(outputsToWrite({ ...message, ...order }, named(outputs)).map(({ name }) => name)).toEqual(want);
});
