import { describe, expect, it } from "vitest";
import { type EngineSettings, loadAttempts } from "../../../../runtime/model/formats/engine-choice.ts";
import type { FileFormat } from "../../../../runtime/model/formats/format-detection.ts";

/** The attempts in short: `graph` or `native`, `!` where the GPU is required, and the engine. */
function describedAttempts(format: FileFormat, settings: EngineSettings, isTensorFlowBuilt = true): string {
  return loadAttempts(format, settings, () => isTensorFlowBuilt)
    .map(({ isForTensorFlow, engine, needsGpu }) => {
      return `${isForTensorFlow ? "native" : "graph"}${needsGpu === true ? "!" : ""} ${engine}`;
    })
    .join(", ");
}

describe("a SavedModel is read", () => {
  it.each([
    [
      "as a graph, and by TensorFlow if no other engine can run it",
      { engine: "Auto" },
      "graph Auto, native TensorFlow",
    ],
    [
      "with a GPU in the same order for the GPU, then for the CPU",
      { engine: "Auto", wantsGpu: true },
      "graph! Auto, native! TensorFlow, graph Auto, native TensorFlow",
    ],
    ["by TensorFlow first where it is configured", { engine: "TensorFlow" }, "native TensorFlow, graph Auto"],
    ["for the configured engine only", { engine: "OnnxRuntime", wantsGpu: true }, "graph OnnxRuntime"],
  ] as const)("%s", (_, settings, want) => {
    expect(describedAttempts("saved-model", settings)).toBe(want);
  });

  it("as a graph only without TensorFlow", () => {
    expect(describedAttempts("saved-model", { engine: "Auto", wantsGpu: true }, false)).toBe("graph Auto");
  });
});

it("other formats have one attempt", () => {
  const formats = ["onnx", "keras-h5", "keras-zip", "tfjs"] as const;
  const wants = formats.map((format) => describedAttempts(format, { engine: "Auto", wantsGpu: true }));
  expect(wants).toEqual(["graph Auto", "graph Auto", "graph Auto", "graph Auto"]);
});
