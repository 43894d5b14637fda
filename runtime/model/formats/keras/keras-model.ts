import type { Dtype } from "../../../dataplane/tensor.ts";
import type { RefusedLayer } from "./faults.ts";
import type { Preprocessing } from "./preprocessing/preprocessing.ts";
import type { JsonObject } from "./topology/json-config.ts";

/** A Keras model as tfjs-layers wants it: free of Python and of differences between Keras versions. */
export interface KerasModel {
  readonly kind: "keras-layers";
  /** Container and writer, as facts show it: `keras-h5`, `keras-zip`. */
  readonly format: string;
  /** `{class_name, config}` of the model: Keras 2 notation, initialisers all zero, no regularisers. */
  readonly topology: JsonObject;
  readonly inputs: readonly KerasInput[];
  /** Names on the wire, in the order of the model's outputs. */
  readonly outputNames: readonly string[];
  readonly weights: readonly LayerWeights[];
  readonly weightBytes: number;
  /** Layers that TensorFlow.js does not run, or not with these options; absent: there are none. */
  readonly beyondTensorFlowJs?: readonly RefusedLayer[];
  /** What is run before the engine, whose inputs are then not those that clients know. */
  readonly preprocessing?: Preprocessing;
}

/** An input as clients name it. */
export interface KerasInput {
  readonly name: string;
  /** As the model declares it. */
  readonly dtype: Dtype;
}

/**
 * The weights of one layer in Keras' own order: trainable before the others, for a nested model over all its layers.
 * `path` leads through the names of nested models to the layer.
 */
export interface LayerWeights {
  readonly path: readonly string[];
  readonly tensors: readonly Weight[];
}

/** A weight in float32, whatever type the file has it in. */
export interface Weight {
  /** Where the file holds it, for messages. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}
