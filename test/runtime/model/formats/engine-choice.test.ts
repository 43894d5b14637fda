import { describe, expect, it } from "vitest";
import { type EngineSettings, loadAttempts } from "../../../../runtime/model/formats/engine-choice.ts";
import type { FileFormat } from "../../../../runtime/model/formats/format-detection.ts";

/** `graph` and `itself` as in the code, `!` where only the GPU will do, and the engine that is asked for. */
function told(format: FileFormat, settings: EngineSettings, isTensorFlowBuilt = true): string {
  return loadAttempts(format, settings, () => isTensorFlowBuilt)
    .map(({ isForTensorFlow, engine, needsGpu }) => {
      return `${isForTensorFlow ? "itself" : "graph"}${needsGpu === true ? "!" : ""} ${engine}`;
    })
    .join(", ");
}

describe("a SavedModel is read", () => {
  it.each([
    ["as a graph, and for TensorFlow if nothing else takes it", { engine: "Auto" }, "graph Auto, itself TensorFlow"],
    [
      "on a GPU in the same order for the GPU, then for processors",
      { engine: "Auto", wantsGpu: true },
      "graph! Auto, itself! TensorFlow, graph Auto, itself TensorFlow",
    ],
    ["for TensorFlow first where it is asked for", { engine: "TensorFlow" }, "itself TensorFlow, graph Auto"],
    ["for the one engine that is asked for", { engine: "OnnxRuntime", wantsGpu: true }, "graph OnnxRuntime"],
  ] as const)("%s", (_, settings, want) => {
    expect(told("saved-model", settings)).toBe(want);
  });

  it("as a graph alone without TensorFlow", () => {
    expect(told("saved-model", { engine: "Auto", wantsGpu: true }, false)).toBe("graph Auto");
  });
});

it("other formats are read in one way", () => {
  const formats = ["onnx", "keras-h5", "keras-zip", "tfjs"] as const;
  const wants = formats.map((format) => told(format, { engine: "Auto", wantsGpu: true }));
  expect(wants).toEqual(["graph Auto", "graph Auto", "graph Auto", "graph Auto"]);
});
