import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Fault } from "../../../../runtime/base/fault.ts";
import { loadModel } from "../../../../runtime/model/formats/load-model.ts";
import { fixtureFolder } from "../../../fixtures/archive.ts";

interface HostileCase {
  readonly file: string;
  readonly trick: string;
  readonly must: "reject" | "contain" | "accept";
}

const damaged = (file: string, reason: string): string => `KerasFileDamaged: ${file} cannot be read as HDF5: ${reason}`;
const weight = (reason: string): string =>
  `WeightRefused: weight /model_weights/dense/dense/kernel:0 is refused: ${reason}`;
const archive = (file: string, reason: string): string =>
  `KerasArchiveRefused: the archive ${file} is refused: ${reason}`;
const config = (file: string, reason: string): string =>
  `KerasConfigInvalid: the model description in ${file} is not valid: ${reason}`;
const unsupported = (layer: string): string => `UnsupportedLayer: the model uses what no engine here can run: ${layer}`;
const broken = "its structure is broken or it is cut short";
const lambda = 'LambdaLayer: layer "lambda" is a Lambda layer: it holds Python code, which is never run';

/** Code and message of each refusal. All other cases load. */
const refusals: Readonly<Record<string, string>> = {
  "h5/truncated_half.h5": damaged("truncated_half.h5", broken),
  "h5/truncated_tail.h5": damaged("truncated_tail.h5", broken),
  "h5/signature_only.h5": damaged("signature_only.h5", broken),
  "h5/empty.h5": damaged("empty.h5", "it does not have the HDF5 signature"),
  "h5/not_hdf5.h5": damaged("not_hdf5.h5", "it does not have the HDF5 signature"),
  "h5/superblock_zeroed.h5": damaged("superblock_zeroed.h5", broken),
  "h5/self_pointer.h5": damaged("self_pointer.h5", broken),
  "h5/external_link.h5": weight("it is a link to another file; links are not followed"),
  "h5/external_link_sibling.h5": weight("it is a link to another file; links are not followed"),
  "h5/external_storage.h5": weight("its data is in other files"),
  "h5/soft_link_dangling.h5": weight("it is a soft link; links are not followed"),
  "h5/soft_link_cycle.h5": weight("it is a soft link; links are not followed"),
  "h5/shape_bomb.h5": weight("it says it holds 4611686018427388000 bytes, more than a file of 44064 bytes can hold"),
  "h5/gzip_chunk_bomb.h5": weight("it says it holds 67108864 bytes, more than a file of 111918 bytes can hold"),
  "h5/wrong_shape.h5":
    'WeightShapeMismatch: weight /model_weights/dense/dense/kernel:0 of layer "dense" has shape [63,64]; must be [64,64]',
  "h5/compound_dtype.h5": weight("its elements are not numbers of at most 64 bits"),
  "h5/string_kernel.h5": weight("its elements are not numbers of at most 64 bits"),
  "h5/missing_kernel.h5": weight("it is missing"),
  "h5/no_config.h5": "KerasConfigMissing: no_config.h5 holds weights but no model: it has no model_config",
  "h5/config_not_json.h5": config(
    "config_not_json.h5",
    "it is not JSON (Expected property name or '}' in JSON at position 1 (line 1 column 2))",
  ),
  "h5/config_null.h5": config("config_null.h5", "it is not a JSON object"),
  "h5/config_deep.h5": config("config_deep.h5", "it is nested deeper than 96 levels"),
  "h5/units_huge.h5":
    "ModelTooLargeToRun: the weights that the layers ask for would take 70368744177664 elements; must be at most 1061716",
  "h5/units_negative.h5":
    "ModelNotBuildable: the model cannot be built: Expected units to be a positive integer, but got -1.",
  "h5/units_string.h5":
    'ModelNotBuildable: the model cannot be built: Expected units to be a positive integer, but got "64".',
  "h5/class_os_system.h5": unsupported('layer "dense" (system)'),
  "h5/class_unknown.h5": unsupported('layer "dense" (Dense2)'),
  "h5/class_dunder.h5": unsupported('layer "dense" (constructor)'),
  "h5/lambda.h5": lambda,
  "h5/deep_groups.h5": "KerasConfigMissing: deep_groups.h5 holds weights but no model: it has no model_config",
  "keras/path_traversal.keras": archive(
    "path_traversal.keras",
    'entry "../../../../tmp/evil.txt" points outside the archive',
  ),
  "keras/path_absolute.keras": archive("path_absolute.keras", 'entry "/tmp/evil.txt" points outside the archive'),
  "keras/path_backslash.keras": archive(
    "path_backslash.keras",
    'entry "..\\\\..\\\\evil.txt" points outside the archive',
  ),
  "keras/symlink_weights.keras": archive("symlink_weights.keras", "entry model.weights.h5 is a symbolic link"),
  "keras/zip_bomb.keras": archive(
    "zip_bomb.keras",
    "model.weights.h5 grows from 260916 to 268435456 bytes, more than 100 times",
  ),
  "keras/duplicate_config.keras": archive("duplicate_config.keras", "entry config.json is there twice"),
  "keras/no_config.keras": archive("no_config.keras", "it has no entry config.json"),
  "keras/no_weights.keras": archive("no_weights.keras", "it has no entry model.weights.h5"),
  "keras/weights_not_h5.keras": damaged("weights_not_h5.keras", "it does not have the HDF5 signature"),
  "keras/config_bomb.keras": archive(
    "config_bomb.keras",
    "config.json says it holds 33554432 bytes; at most 16777216 are allowed",
  ),
  "keras/lambda.keras": lambda,
  "keras/class_subprocess.keras": unsupported('layer "dense" (run)'),
  "keras/truncated.keras": archive(
    "truncated.keras",
    "it has no zip directory; the file is cut short or not a zip archive",
  ),
  "keras/size_lie.keras": archive(
    "size_lie.keras",
    "model.weights.h5 grows from 25681 to 4294967040 bytes, more than 100 times",
  ),
  "keras/bad_crc.keras": archive(
    "bad_crc.keras",
    "model.weights.h5 cannot be inflated: Cannot create a Buffer larger than 44164 bytes",
  ),
  "keras/not_zip.keras": archive(
    "not_zip.keras",
    "it has no zip directory; the file is cut short or not a zip archive",
  ),
};

const folder = fixtureFolder("hostile");
const { cases } = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as {
  readonly cases: readonly HostileCase[];
}; // see fixtures/pack.ts

describe("a hostile model file", () => {
  it("is refused in every case that must be, and loads in every case that must", () => {
    const refused = cases.filter(({ file }) => file in refusals);
    expect(cases.filter(({ must, file }) => must === "reject" && !(file in refusals))).toEqual([]);
    expect(refused.filter(({ must }) => must === "accept")).toEqual([]);
    expect(refused.map(({ file }) => file).sort()).toEqual(Object.keys(refusals).sort());
  });

  it.each(cases)("$file ($trick) has the required outcome: $must", async ({ file }) => {
    const before = process.memoryUsage.rss();
    const start = performance.now();
    const outcome = await loadModel(join(folder, file)).then(
      ({ model }) => model,
      (thrown: unknown) => Fault.from(thrown),
    );
    if (outcome instanceof Fault) {
      expect(`${outcome.code}: ${outcome.message}`).toBe(refusals[file]);
      expect(outcome.hint).toMatch(/\w/);
    } else {
      expect(file in refusals).toBe(false);
      outcome.unload();
    }
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(process.memoryUsage.rss() - before).toBeLessThan(256 * 1024 ** 2);
    expect(existsSync("/tmp/evil.txt") || existsSync("/tmp/modelwright_evil")).toBe(false);
  });
});
