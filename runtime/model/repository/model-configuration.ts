import type { Fault } from "../../base/fault.ts";
import type { TensorSpec } from "../../dataplane/signature.ts";
import type { ConfiguredModel } from "../../protocols/protocol.ts";
import type { ModelFormat } from "../formats/load-model.ts";

/** A model that shall be served, and how. */
export interface ModelConfiguration extends ConfiguredModel {
  /** Root that nothing may lead out of; absent: `basePath`, or the folder of a model that is one file. */
  readonly volume?: string;
  readonly format: ModelFormat;
  /** Version on the wire of a model that does not lie in a numbered folder. */
  readonly soleVersion: number;
  /** The model is what it is when it is first looked at: later changes of its file mean nothing. */
  readonly isFixed: boolean;
  readonly digest?: string;
  /** Triton's `config.pbtxt` beside the versions. */
  readonly triton?: TritonConfiguration;
  /** Why the model cannot be served whatever its files are. */
  readonly fault?: Fault;
}

/** What a configuration says of a tensor that the model does not. */
export type TensorNotes = Pick<TensorSpec, "classes" | "layout">;

/** What is taken from Triton's `config.pbtxt`. */
export interface TritonConfiguration {
  /** Rows that run together at most; 0: the model knows no batches. */
  readonly maxBatchSize?: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Of inputs and outputs, by their names. */
  readonly notes: ReadonlyMap<string, TensorNotes>;
  /** Tells one text of the file from another. */
  readonly tag: string;
}
