import type * as Core from "@tensorflow/tfjs-core";
import type * as Layers from "@tensorflow/tfjs-layers";
import { errorText, Fault } from "../../base/fault.ts";
import { elementCount, type Tensor } from "../../dataplane/tensor.ts";
import type { KerasModel } from "../../model/formats/keras/keras-model.ts";
import type { TensorFlowGraph } from "../../model/formats/tensorflow-graph/tensorflow-graph.ts";
import type { Engine, LoadedModel } from "../engine.ts";
import { type Signature, type Signatures, type TensorSpec, soleSignature } from "../../dataplane/signature.ts";
import { addFallbackKernels, type TensorFlow, tensorFlow } from "./backend.ts";
import { tensorFlowJsFaults as faults } from "./faults.ts";
import { loadedGraph } from "./graph/graph-model.ts";
import { WeightBudgetError, withWeightBudget } from "./custom-objects.ts";
import { assignWeights } from "./layer-weights.ts";
import { isolateLayerMasks } from "./layer-masks.ts";
import { downloaded, outputDtype, uploaded } from "./tensors.ts";

/** Limit on the elements of one layer's output for one row; 1 GiB of float32. */
const maxRowElements = 2 ** 28;

/** Elements allowed beyond the file's weights, so that a wrong shape is reported as such and not as a size. */
const spareElements = 2 ** 20;

/** Runs Keras layer models and TensorFlow graphs on WebAssembly, or in plain JavaScript without it. */
export const tensorFlowJs: Engine<KerasModel | TensorFlowGraph> = {
  describe: () => ({ name: "TensorFlowJs", accepts: ["keras-layers", "tensorflow-graph"] }),
  load: async (definition) => {
    const flow = await tensorFlow();
    if (definition.kind === "tensorflow-graph") return loadedGraph(flow, definition);
    const { unsupportedByTensorFlowJs: layers } = definition;
    if (layers !== undefined) throw faults.LayersNotInTensorFlowJs({ layers });
    const before = new Set(Object.keys(flow.tf.engine().registeredVariables));
    try {
      const model = isolateLayerMasks(await builtModel(flow, definition));
      checkRowSizes(model);
      if (JSON.stringify(definition.topology).includes('"Conv3DTranspose"')) addFallbackKernels(flow);
      assignWeights(flow.tf, model, definition.weights);
      return new LayersModelInMemory(flow, model, definition);
    } catch (thrown) {
      disposeNewVariables(flow.tf, before);
      throw thrown instanceof Fault ? thrown : faults.ModelNotBuildable({ reason: errorText(thrown) }, thrown);
    }
  },
};

/** Starts loading TensorFlow.js while the model file is read on another thread. */
export function prepareTensorFlowJs(): void {
  tensorFlow().catch(() => {}); // `load` awaits the same promise and reports the error
}

async function builtModel({ tfl }: TensorFlow, definition: KerasModel): Promise<Layers.LayersModel> {
  const limit = 2 * (definition.weightBytes / Float32Array.BYTES_PER_ELEMENT) + spareElements;
  try {
    const { topology } = definition;
    const artifacts = { modelTopology: { model_config: topology, ...topology } };
    return await withWeightBudget(limit, () => tfl.models.modelFromJSON(artifacts as never)); // typed as their own JSON type
  } catch (thrown) {
    if (!(thrown instanceof WeightBudgetError)) throw thrown;
    const elements = limit + thrown.elements;
    throw faults.ModelTooLargeToRun({ what: "the weights that the layers ask for", elements, limit }, thrown);
  }
}

function checkRowSizes(model: Layers.LayersModel): void {
  for (const layer of model.layers) {
    const shapes = [layer.outputShape].flat(1);
    const rows = shapes.every((size) => !Array.isArray(size)) ? [shapes] : shapes;
    for (const shape of rows) {
      const sizes = (Array.isArray(shape) ? shape : []).slice(1).map((size) => (typeof size === "number" ? size : 1));
      const elements = elementCount(sizes);
      if (elements <= maxRowElements) continue;
      throw faults.ModelTooLargeToRun({ what: `the output of layer "${layer.name}"`, elements, limit: maxRowElements });
    }
  }
}

function disposeNewVariables(tf: typeof Core, before: ReadonlySet<string>): void {
  for (const [name, variable] of Object.entries(tf.engine().registeredVariables)) {
    if (!before.has(name)) variable.dispose();
  }
}

/** Holds the weights of one model. */
class LayersModelInMemory implements LoadedModel {
  readonly engine: string;
  readonly signatures: Signatures;
  readonly weightBytes: number;
  readonly #outputs: readonly TensorSpec[];
  readonly #flow: TensorFlow;
  #model: Layers.LayersModel | undefined;

  constructor(flow: TensorFlow, model: Layers.LayersModel, definition: KerasModel) {
    this.#flow = flow;
    this.#model = model;
    this.engine = `TensorFlowJs/${flow.backend}`;
    this.weightBytes = definition.weightBytes;
    const signature = signatureOf(model, definition);
    this.#outputs = signature.outputs;
    this.signatures = soleSignature(signature);
  }

  infer(inputs: readonly Tensor[]): readonly Tensor[] {
    const model = this.#model;
    if (model === undefined) throw new Error("the model has been unloaded");
    const rows = inputs[0]?.shape[0] ?? 1;
    if (rows === 0) return this.#outputs.map(emptyTensor);
    try {
      return this.#predict(model, inputs, rows);
    } catch (thrown) {
      const lacksKernel = /Kernel '\w+' not registered/.test(errorText(thrown));
      if (!lacksKernel || !addFallbackKernels(this.#flow)) throw thrown;
      return this.#predict(model, inputs, rows);
    }
  }

  unload(): void {
    this.#model?.dispose();
    this.#model = undefined;
  }

  #predict(model: Layers.LayersModel, inputs: readonly Tensor[], batchSize: number): readonly Tensor[] {
    const { tf } = this.#flow;
    return tf.tidy(() => {
      const tensors = inputs.map((input) => uploaded(tf, input));
      const [first] = tensors;
      const outputs = model.predict(tensors.length === 1 && first !== undefined ? first : tensors, { batchSize });
      return (Array.isArray(outputs) ? outputs : [outputs]).map(downloaded) as never; // tidy is typed for its own tensors
    });
  }
}

function signatureOf(model: Layers.LayersModel, definition: KerasModel): Signature {
  const inputs = definition.inputs.map(({ name, dtype }, i) => ({
    name,
    dtype,
    shape: wireShape(model.inputs[i]?.shape),
  }));
  const outputs = model.outputs.map((output, i) => ({
    name: definition.outputNames[i] ?? output.name,
    dtype: outputDtype(output.dtype),
    shape: wireShape(output.shape),
  }));
  return { inputs, outputs };
}

function wireShape(shape: readonly (number | null)[] | undefined): readonly number[] {
  return (shape ?? []).map((size) => size ?? -1);
}

function emptyTensor({ dtype, shape }: TensorSpec): Tensor {
  const sizes = shape.map((size, axis) => (axis === 0 ? 0 : Math.max(size, 0)));
  if (dtype === "int32") return { dtype, shape: sizes, data: new Int32Array() };
  if (dtype === "bool") return { dtype, shape: sizes, data: new Uint8Array() };
  return { dtype: "float32", shape: sizes, data: new Float32Array() };
}
