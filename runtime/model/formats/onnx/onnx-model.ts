import type { Signature } from "../../../dataplane/signature.ts";

/** An ONNX model that has been looked through: within limits, and of operators that are known. */
export interface OnnxModel {
  readonly kind: "onnx";
  readonly format: "onnx";
  /** The ModelProto as the file holds it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Set when weights lie in other files: the real path of the model file, whose folder holds them all. */
  readonly path?: string;
  readonly signature: Signature;
  readonly weightBytes: number;
}
