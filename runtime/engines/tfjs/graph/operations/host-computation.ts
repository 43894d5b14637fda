import { computedIntegers } from "../../../../model/formats/tensorflow-graph/constant-folding/computed-integers.ts";
import type { IntegerTensor } from "../../../../model/formats/tensorflow-graph/constant-folding/integer-tensor.ts";
import type { Operation } from "../operation-call.ts";
import { isTensor, type Value } from "../value.ts";

/** Wraps an operation so that calls with integer tensors only are computed in JavaScript, without a kernel, where supported. */
export function onHost(operation: Operation): Operation {
  return (call) => {
    if (!call.inputs.every(isIntegerTensor)) return operation(call);
    return computedIntegers(call, call.inputs.filter(isIntegerTensor)) ?? operation(call);
  };
}

function isIntegerTensor(value: Value): value is IntegerTensor {
  return !isTensor(value) && value.kind === "integers";
}
