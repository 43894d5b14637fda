import { computedIntegers } from "../../../../model/formats/tensorflow-graph/constant-folding/computed-integers.ts";
import type { IntegerTensor } from "../../../../model/formats/tensorflow-graph/constant-folding/integer-tensor.ts";
import type { Operation } from "../operation-call.ts";
import { isTensor, type Value } from "../value.ts";

/** Wraps an operation so that small integer tensors (Numbers) are computed in JavaScript, without a kernel, where supported. */
export function onHost(operation: Operation): Operation {
  return (call) => {
    if (!call.inputs.every(isNumbers)) return operation(call);
    return computedIntegers(call, call.inputs.filter(isNumbers)) ?? operation(call);
  };
}

function isNumbers(value: Value): value is IntegerTensor {
  return !isTensor(value) && value.kind === "integers";
}
