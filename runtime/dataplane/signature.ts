import type { Dtype, Tensor } from "./tensor.ts";

/** One input or output of a model. */
export interface TensorSpec {
  /** Name on the wire, as the model file gives it. */
  readonly name: string;
  readonly dtype: Dtype;
  /** -1 stands for any size; the first dimension is the batch. `[]` when any shape will do. */
  readonly shape: readonly number[];
  /** The model takes any rank: TensorFlow's unknown rank. */
  readonly anyShape?: true;
  /** Other shapes are tried, too: TensorFlow leaves it to a graph what it can compute with. */
  readonly isLenient?: true;
  /** Names of the classes that its elements stand for, in their order, and of the file that tells them. */
  readonly classes?: { readonly file: string; readonly names: readonly string[] };
  /** Where an image's channels are, for who asks. */
  readonly layout?: "NHWC" | "NCHW";
  /** What an input is when a request leaves it out; absent: it may not be left out. */
  readonly default?: Tensor;
}

/** What goes in and what comes out. Inputs and outputs have the order of the model file. */
export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** What TensorFlow Serving lets clients do with it; absent: predict. */
  readonly method?: "classify" | "regress";
  /** What a row is answered depends on those beside it: requests never run together. */
  readonly mixesRows?: true;
}

/** A model's signatures by name. Only SavedModels have more than `serving_default`. */
export type Signatures = ReadonlyMap<string, Signature>;

/** The name of the signature that a request means when it names none. */
export const defaultSignature = "serving_default";

/** The signatures of a model that has but one way to be called. */
export function soleSignature(signature: Signature): Signatures {
  return new Map([[defaultSignature, signature]]);
}

/** The name asked for; without one the default name, or the first where the model has no signature of that name. */
export function signatureName(signatures: Signatures, name?: string): string {
  if (name !== undefined) return name;
  if (signatures.has(defaultSignature)) return defaultSignature;
  return signatures.keys().next().value ?? defaultSignature;
}
