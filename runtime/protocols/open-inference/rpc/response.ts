import type { InferAnswer } from "../../../dataplane/infer.ts";
import type { NamedTensor, Tensor } from "../../../dataplane/tensor.ts";
import { shownOutput } from "../response.ts";
import { bytesOf } from "../tensors/binary-data.ts";
import { datatypes } from "../tensors/datatypes.ts";
import { contentsOf, isTyped } from "./contents.ts";
import { modelInferResponse, modelStreamInferResponse } from "./messages.ts";
import type { WantedOutput } from "./request.ts";

/** What it takes to write the answer of `ModelInfer`, beside its outputs. */
export interface InferMessageOrder extends Pick<InferAnswer, "model" | "version"> {
  readonly id: string;
  readonly wanted: readonly WantedOutput[];
  /** Who sends raw contents gets raw contents. */
  readonly isRaw: boolean;
  /** One of the answers of `ModelStreamInfer`. */
  readonly isStreamed: boolean;
}

/** Each request of a stream has one answer. */
const streamParameters = new Map([["triton_final_response", { boolParam: true }]]);

/** The answer as it goes out: in contents by type, unless raw ones are asked for or an output has a type that only those can hold. */
export function inferMessage(order: InferMessageOrder, given: readonly NamedTensor[]): Uint8Array {
  const outputs = given.map((output, i) => shownOutput(output, order.wanted[i]?.classes));
  const isRaw = order.isRaw || outputs.some(({ tensor }) => !isTyped(tensor.dtype));
  const response = {
    modelName: order.model,
    modelVersion: String(order.version),
    id: order.id,
    outputs: outputs.map((output) => outputTensor(output, isRaw)),
    ...(isRaw ? { rawOutputContents: outputs.map(({ tensor }) => bytesOf(tensor)) } : {}),
  };
  if (!order.isStreamed) return modelInferResponse.encode(response);
  return modelStreamInferResponse.encode({ inferResponse: { ...response, parameters: streamParameters } });
}

/** The outputs that are not copied as they are. */
export function outputsToWrite(
  { wanted, isRaw }: InferMessageOrder,
  outputs: readonly NamedTensor[],
): readonly NamedTensor[] {
  return outputs.filter(({ tensor }, i) => wanted[i]?.classes !== undefined || !isCopied(tensor, isRaw));
}

function isCopied({ dtype }: Tensor, isRaw: boolean): boolean {
  return isRaw ? dtype !== "string" : dtype.startsWith("float");
}

function outputTensor({ name, tensor }: NamedTensor, isRaw: boolean) {
  const { dtype, shape } = tensor;
  return { name, datatype: datatypes[dtype].name, shape, ...(isRaw ? {} : { contents: contentsOf(tensor) }) };
}
