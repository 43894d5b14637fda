import { computedNumbers } from "../../../../model/formats/tensorflow-graph/numbers/computed-numbers.ts";
import type { Numbers } from "../../../../model/formats/tensorflow-graph/numbers/numbers.ts";
import type { Operation } from "../call.ts";
import { isTensor, type Value } from "../value.ts";

/** The operation, done without a kernel where all its inputs are Numbers and it knows how. */
export function onNumbers(operation: Operation): Operation {
  return (call) => {
    if (!call.inputs.every(areNumbers)) return operation(call);
    return computedNumbers(call, call.inputs.filter(areNumbers)) ?? operation(call);
  };
}

function areNumbers(value: Value): value is Numbers {
  return !isTensor(value) && value.kind === "numbers";
}
