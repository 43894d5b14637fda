import { errorText, Fault } from "../../../base/fault.ts";
import type { Tensor } from "../../../dataplane/tensor.ts";
import { formatFaults } from "../faults.ts";
import { checkedTopology } from "../keras/keras-file.ts";
import type { KerasModel } from "../keras/keras-model.ts";
import { ConfigError, isObject, type JsonObject, parsedConfig, textAt } from "../keras/topology/json-config.ts";
import { topology } from "../keras/topology/topology.ts";
import { FolderError, type ModelFolder } from "../model-folder.ts";
import { constantPool } from "../tensorflow-graph/constant-pool.ts";
import { graphFaults } from "../tensorflow-graph/faults.ts";
import { inlinedBody, type Inlining } from "../tensorflow-graph/inlining/inlined-graph.ts";
import { boundSignatures } from "../tensorflow-graph/bound-signatures.ts";
import { jsonGraph, jsonSignature } from "../tensorflow-graph/source/json-graph.ts";
import { GraphError } from "../tensorflow-graph/source/source-graph.ts";
import type { TensorFlowGraph } from "../tensorflow-graph/tensorflow-graph.ts";
import { tensorFlowJsFormatFaults as faults } from "./faults.ts";
import { inferredSignature } from "./inferred-signature.ts";
import { layerWeights } from "./layer-weights.ts";
import { storedWeights } from "./stored-weights.ts";
import { WeightError } from "./weight-error.ts";
import { type WeightManifest, type WeightEntry, weightManifest } from "./weight-manifest.ts";

/** A folder with a model.json and the limit for reading it. */
export interface TensorFlowJsFolder {
  readonly folder: ModelFolder;
  readonly maxWeightBytes: number;
}

const maxDescriptionBytes = 64 * 1024 ** 2;

/** Reads a TensorFlow.js layers model or graph model. Throws a Fault. */
export function readTensorFlowJs({ folder, maxWeightBytes }: TensorFlowJsFolder): KerasModel | TensorFlowGraph {
  try {
    const description = parsedConfig(folder.bytes("model.json", maxDescriptionBytes).toString("utf8"));
    const model = description["modelTopology"];
    if (!isObject(model)) throw new ConfigError("it has no modelTopology");
    const manifest = weightManifest(description["weightsManifest"]);
    checkSize(folder.name, manifest, maxWeightBytes);
    const read = storedWeights(folder, manifest);
    const isGraph = textAt(description, "format") === "graph-model" || model["node"] !== undefined;
    return isGraph ? graphModel(description, model, { manifest, read }) : layersModel(model, { manifest, read });
  } catch (thrown) {
    throw faultOf(folder.name, thrown);
  }
}

/** The weight manifest and a function that reads a weight. */
export interface ReadableWeights {
  readonly manifest: WeightManifest;
  readonly read: (entry: WeightEntry) => Tensor;
}

function checkSize(model: string, { weights }: WeightManifest, limitBytes: number): void {
  const sizeBytes = weights.reduce((sum, { shape }) => sum + 4 * shape.reduce((product, size) => product * size, 1), 0);
  if (!(sizeBytes <= limitBytes))
    throw formatFaults.ModelTooLarge({ what: `the weights of ${model}`, sizeBytes, limitBytes });
}

function layersModel(model: JsonObject, weights: ReadableWeights): KerasModel {
  const config = isObject(model["model_config"]) ? model["model_config"] : model;
  const isKeras3 = Number.parseInt(textAt(model, "keras_version") ?? "2", 10) >= 3;
  const found = checkedTopology(topology(config, isKeras3));
  const layers = layerWeights(config, weights);
  const weightBytes = layers.reduce(
    (sum, { tensors }) => sum + tensors.reduce((n, { data }) => n + data.byteLength, 0),
    0,
  );
  const { inputs, outputNames } = found;
  return {
    kind: "keras-layers",
    format: "tfjs-layers",
    topology: found.model,
    inputs,
    outputNames,
    weights: layers,
    weightBytes,
  };
}

function graphModel(description: JsonObject, model: JsonObject, { manifest, read }: ReadableWeights): TensorFlowGraph {
  const entries = new Map(manifest.weights.map((entry) => [entry.name, entry]));
  const graph = jsonGraph(model, (name) => {
    const entry = entries.get(name);
    return entry === undefined ? undefined : () => read(entry);
  });
  const metadata = description["userDefinedMetadata"];
  const signature = [description["signature"], isObject(metadata) ? metadata["signature"] : undefined].find(isObject);
  const definition = signature === undefined ? inferredSignature(graph) : jsonSignature(signature);
  const [bound] = boundSignatures(new Map([["serving_default", definition]]));
  if (bound === undefined) throw new GraphError("it has no outputs");
  const pool = constantPool();
  const variableAt = (name: string): never => {
    throw new GraphError(`it has a variable "${name}"; graph models hold constants only`);
  };
  const inlining: Inlining = { source: { graph, constantAt: (node) => pool.ofNode(node), variableAt }, steps: 0 };
  const body = inlinedBody(inlining, bound.inputs, bound.outputs);
  return {
    kind: "tensorflow-graph",
    format: "tfjs-graph",
    signatures: [{ name: bound.name, signature: bound.signature, body }],
    constants: pool.constants,
    weightBytes: pool.weightBytes,
  };
}

function faultOf(model: string, thrown: unknown): Fault {
  const reason = errorText(thrown);
  if (thrown instanceof ConfigError) return faults.ModelJsonInvalid({ model, reason }, thrown);
  if (thrown instanceof WeightError) return faults.ModelJsonWeightsRefused({ model, reason }, thrown);
  if (thrown instanceof FolderError) return faults.ModelJsonWeightsRefused({ model, reason }, thrown);
  if (thrown instanceof GraphError) return graphFaults.GraphInvalid({ model, reason }, thrown);
  return Fault.from(thrown);
}
