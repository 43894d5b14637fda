import type { KerasModel } from "./keras/keras-model.ts";
import type { OnnxModel } from "./onnx/onnx-model.ts";
import type { SavedModelOnDisk } from "./saved-model/saved-model-on-disk.ts";
import { graphBuffers, type TensorFlowGraph } from "./tensorflow-graph/tensorflow-graph.ts";

/** What the reader of a format makes of a model; engines say by `kind` which of them they can load. */
export type ModelDefinition = KerasModel | OnnxModel | SavedModelOnDisk | TensorFlowGraph;

/** The memory that a definition holds, so that it can move to another thread instead of being copied. */
export function buffersOf(definition: ModelDefinition): readonly ArrayBuffer[] {
  switch (definition.kind) {
    case "keras-layers":
      return definition.weights.flatMap(({ tensors }) => tensors.map(({ data }) => data.buffer));
    case "onnx":
      return [definition.bytes.buffer];
    case "saved-model":
      return [];
    case "tensorflow-graph":
      return graphBuffers(definition);
  }
}
