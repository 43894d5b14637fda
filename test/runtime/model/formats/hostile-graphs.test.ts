import { existsSync, mkdtempSync, cpSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Fault } from "../../../../runtime/base/fault.ts";
import type { LoadedModel } from "../../../../runtime/engines/engine.ts";
import { loadModel } from "../../../../runtime/model/formats/load-model.ts";
import { warmUpInputs } from "../../../../runtime/model/warm-up.ts";
import { fixtureFolder } from "../../../fixtures/archive.ts";

interface HostileCase {
  readonly file: string;
  readonly trick: string;
  readonly must: "reject" | "contain" | "accept";
}

const weights = (model: string, reason: string): string =>
  `ModelJsonWeightsRefused: the weights of ${model} are refused: ${reason}`;
const path = (model: string, shown: string): string =>
  weights(model, `the path ${shown} does not name a file in the model's folder`);
const variables = (model: string, reason: string): string =>
  `GraphVariablesDamaged: the variables of ${model} cannot be read: ${reason}`;
const damaged = (file: string, reason: string): string => `GraphFileDamaged: ${file} cannot be read: ${reason}`;
const operations = (list: string): string =>
  `OperationsUnsupported: the graph uses what no engine here can run: ${list}`;

/** Code and message of each refusal. All other cases load. */
const refusals: Readonly<Record<string, string>> = {
  "savedmodel/pyfunc": operations('PyFunc (node "PyFunc")'),
  "savedmodel/read_file": operations('ReadFile (node "ReadFile"), StringLength (node "StringLength")'),
  "savedmodel/unknown_op": operations('FrobnicateV9 (node "add")'),
  "savedmodel/no_signature": "GraphNotServing: no_signature has no graph with the tag serve; its graphs have no tags",
  "savedmodel/truncated_pb": damaged("truncated_pb/saved_model.pb", "it ends in the middle of a value"),
  "savedmodel/no_variables": damaged("no_variables", 'the file "variables/variables.index" is missing'),
  "savedmodel/no_shard": damaged("no_shard", 'the file "variables/variables.data-00000-of-00001" is missing'),
  "savedmodel/short_shard": variables(
    "short_shard",
    'variable "_all_variables/1/.ATTRIBUTES/VARIABLE_VALUE" lies outside its file',
  ),
  "savedmodel/bad_checksum": variables(
    "bad_checksum",
    'the checksum of variable "_all_variables/1/.ATTRIBUTES/VARIABLE_VALUE" is wrong',
  ),
  "savedmodel/index_garbage": variables("index_garbage", "it is not an SSTable: its magic number is wrong"),
  "tfjs/path_traversal/model.json": path("path_traversal", '"../../../../../../etc/passwd"'),
  "tfjs/path_absolute/model.json": path("path_absolute", '"/etc/passwd"'),
  "tfjs/path_file_url/model.json": path("path_file_url", '"file:///etc/passwd"'),
  "tfjs/path_http/model.json": path("path_http", '"http://169.254.169.254/latest/meta-data/"'),
  "tfjs/path_encoded/model.json": path("path_encoded", '"%2e%2e%2f%2e%2e%2fetc%2fpasswd"'),
  "tfjs/path_nul/model.json": path("path_nul", String.raw`"group1-shard1of1.bin\u0000.txt"`),
  "tfjs/path_directory/model.json": path("path_directory", '"."'),
  "tfjs/path_repeated/model.json": weights("path_repeated", 'the file "group1-shard1of1.bin" is listed more than once'),
  "tfjs/short_shard/model.json": weights("short_shard", "its files have 26180 bytes; the weights take 26280"),
  "tfjs/shape_huge/model.json": weights("shape_huge", 'weight "dense/kernel" has the shape [2147483648,2147483648]'),
  "tfjs/shape_negative/model.json": weights("shape_negative", 'weight "dense/kernel" has the shape [-64,-64]'),
  "tfjs/shape_fraction/model.json": weights("shape_fraction", 'weight "dense/kernel" has the shape [64.5,64]'),
  "tfjs/dtype_unknown/model.json": weights(
    "dtype_unknown",
    'weight "dense/kernel" is of type "float7"; must be float32, int32 or bool',
  ),
  "tfjs/quantized_nan/model.json": weights(
    "quantized_nan",
    'weight "dense/kernel" is quantised without a scale and a minimum',
  ),
  "tfjs/name_proto/model.json": weights("name_proto", 'a weight is called "__proto__"'),
  "tfjs/no_topology/model.json":
    "ModelJsonInvalid: the model.json of no_topology is not valid: it has no modelTopology",
};

/** The outcome of a prediction with a model that loads. The endless loop has a separate test with a shorter limit. */
const predictions: Readonly<Record<string, string>> = {
  "savedmodel/write_file": "answers",
  "savedmodel/asset_traversal": "answers",
  "savedmodel/big_alloc": "Fill: a value of shape [1048577,1048576] is not allowed; at most 268435456 elements are",
  "savedmodel/endless_while": "not tried",
};

const folder = fixtureFolder("hostile-graphs");
const linked = mkdtempSync(join(tmpdir(), "linked-model-"));
afterAll(() => rmSync(linked, { recursive: true, force: true }));
const { cases: all } = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as {
  readonly cases: readonly HostileCase[];
}; // see fixtures/pack.ts
const cases = all.filter(({ file }) => !file.startsWith("tfjs/symlink/"));

async function prediction(model: LoadedModel, file: string): Promise<string> {
  if (predictions[file] === "not tried") return "not tried";
  const signature = model.signatures.get("serving_default") ?? { inputs: [], outputs: [] };
  try {
    await model.infer(warmUpInputs(signature));
    return "answers";
  } catch (thrown) {
    return Fault.from(thrown).message;
  }
}

// The TensorFlow engine has separate tests and is not used here, even where it is installed.
describe("a hostile SavedModel or TensorFlow.js model", () => {
  it("is refused in every case that must be refused", () => {
    const refused = cases.filter(({ file }) => file in refusals);
    expect(cases.filter(({ must, file }) => must === "reject" && !(file in refusals))).toEqual([]);
    expect(refused.map(({ file }) => file).sort()).toEqual(Object.keys(refusals).sort());
  });

  it.each(cases)("$file ($trick) has the required outcome: $must", async ({ file }) => {
    const before = process.memoryUsage.rss();
    const outcome = await loadModel(join(folder, file), { engine: "TensorFlowJs" }).then(
      ({ model }) => model,
      (thrown: unknown) => Fault.from(thrown),
    );
    if (outcome instanceof Fault) {
      expect(`${outcome.code}: ${outcome.message}`).toBe(refusals[file]);
      expect(outcome.hint).toMatch(/\w/);
    } else {
      expect(await prediction(outcome, file)).toBe(predictions[file]);
      outcome.unload();
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(256 * 1024 ** 2);
    expect(existsSync("/tmp/modelwright_evil")).toBe(false);
  });

  it.each([
    ["/etc/passwd", weights("out", 'the file "group1-shard1of1.bin" is a link out of the folder')],
    ["..data/shard.bin", "it loaded"],
  ])("that links a shard to %s is refused only where the link leaves the folder", async (target, want) => {
    const place = join(linked, target.startsWith("/") ? "out" : "inside");
    const whole = join(fixtureFolder("graph-models"), "simple_model/v1/tfjs_layers");
    cpSync(join(whole, "model.json"), join(place, "model.json"), { recursive: true });
    cpSync(join(whole, "group1-shard1of1.bin"), join(place, "..data/shard.bin"), { recursive: true });
    symlinkSync(target, join(place, "group1-shard1of1.bin"));
    const outcome = await loadModel(join(place, "model.json")).then(
      ({ model }) => {
        model.unload();
        return "it loaded";
      },
      (thrown: unknown) => `${Fault.from(thrown).code}: ${Fault.from(thrown).message}`,
    );
    expect(dirname(place)).toBe(linked);
    expect(outcome).toBe(want);
  });
});
