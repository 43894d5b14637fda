import type { Signature } from "../../../dataplane/signature.ts";

/** An ONNX model that has been looked through: within limits, and of operators that are known. */
export interface OnnxModel {
  readonly kind: "onnx";
  readonly format: "onnx";
  /** The ModelProto of the file; its loops have limits, and its defaults are no initializers any more. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Set when weights lie in other files: the real path of the folder that holds them all. */
  readonly folder?: string;
  /** Inputs without elements are nothing special to its operators. */
  readonly takesEmpty: boolean;
  readonly signature: Signature;
  readonly weightBytes: number;
}
