import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Fault } from "../../../../../runtime/base/fault.ts";
import { loadModel } from "../../../../../runtime/model/formats/load-model.ts";
import { fixtureFolder } from "../../../../fixtures/archive.ts";

interface HostileCase {
  readonly file: string;
  readonly trick: string;
  readonly must: "reject" | "contain" | "accept";
}

const damaged = (file: string, reason: string): string => `OnnxFileDamaged: ${file} cannot be read as ONNX: ${reason}`;
const external = (reason: string): string => `OnnxExternalDataRefused: the data of tensor "w" is refused: ${reason}`;
const refused = (reason: string): string => `OnnxModelRefused: ONNX Runtime does not take the model: ${reason}`;
const unbounded = (reason: string): string => `OnnxUnbounded: ${reason}`;

/** Code and message of each refusal. The two cases that may load with run-time limits are refused, too. */
const refusals: Readonly<Record<string, string>> = {
  "onnx/external_traversal.onnx": external('it lies at "../../../../etc/passwd", outside of the model\'s folder'),
  "onnx/external_absolute.onnx": external('it lies at "/etc/passwd", outside of the model\'s folder'),
  "onnx/external_missing.onnx": external("there is no file weights.bin"),
  "onnx/external_huge.onnx": external("its shape needs 64 bytes; it says it has 1125899906842624"),
  "onnx/truncated.onnx": damaged("truncated.onnx", "it ends in the middle of a value"),
  "onnx/empty.onnx": damaged("empty.onnx", "it has no graph"),
  "onnx/text.onnx": damaged("text.onnx", "wire type 6 is not used any more"),
  "onnx/unknown_op.onnx": refused(
    'This is an invalid model. In Node, ("", Frobnicate, "", -1) : ("x": tensor(float),) -> ("y": tensor(float),) , Error No Op registered for Frobnicate with domain_version of 17',
  ),
  "onnx/custom_domain.onnx":
    "OnnxOperatorsUnknown: the model uses operators that no engine here has: com.example.shell:Run",
  "onnx/opset_9999.onnx": refused(
    "ONNX Runtime only *guarantees* support for models stamped with official released onnx opset versions. Opset 9999 is under development and support for this is limited. The operator schemas and or other functionality may change before next ONNX release and in this case ONNX Runtime will not guarantee backward compatibility. Current official support for domain ai.onnx is till opset 26.",
  ),
  "onnx/ir_9999.onnx": refused("Unsupported model IR version: 9999, max supported IR version: 13"),
  "onnx/initializer_bomb.onnx":
    'OnnxGraphRefused: the graph in initializer_bomb.onnx is refused: tensor "w": its shape [2147483648,2147483648] needs 18446744073709552000; it holds a list of 0 bytes',
  "onnx/constant_of_shape.onnx": unbounded(
    'ConstantOfShape "big" is refused: it makes 1099511627776 elements; at most 268435456 are allowed',
  ),
  "onnx/cycle.onnx": refused("This is an invalid model. Error: the graph is not acyclic."),
  "onnx/endless_loop.onnx": unbounded(
    'Loop "y" is refused: it runs 4611686018427388000 times; at most 65536 times are allowed',
  ),
};

const folder = fixtureFolder("hostile-onnx");
const { cases } = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as {
  readonly cases: readonly HostileCase[];
}; // see fixtures/pack.ts

describe("a hostile ONNX file", () => {
  it.each(cases)("$file ($trick) has the required outcome: $must", async ({ file, must }) => {
    expect(must).not.toBe("accept");
    const before = process.memoryUsage.rss();
    const start = performance.now();
    const outcome = await loadModel(join(folder, file)).then(
      () => "it loaded",
      (thrown: unknown) => Fault.from(thrown),
    );
    expect(outcome instanceof Fault ? `${outcome.code}: ${outcome.message}` : outcome).toBe(refusals[file]);
    expect(outcome instanceof Fault && outcome.hint).toMatch(/\w/);
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(process.memoryUsage.rss() - before).toBeLessThan(256 * 1024 ** 2);
  });
});
