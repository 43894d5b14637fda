import { computedIntegers } from "../../../../model/formats/tensorflow-graph/constant-folding/computed-integers.ts";
import type { IntegerTensor } from "../../../../model/formats/tensorflow-graph/constant-folding/integer-tensor.ts";
import type { Call, Operation } from "../operation-call.ts";
import { isTensor, type Strings, type Value } from "../value.ts";

/** Wraps an operation so that calls with integer tensors only are computed in JavaScript, without a kernel, where supported. */
export function onHost(operation: Operation): Operation {
  return (call) => {
    if (!call.inputs.every(isIntegerTensor)) return operation(call);
    return computedIntegers(call, call.inputs.filter(isIntegerTensor)) ?? operation(call);
  };
}

/** Operations that move elements of any type without looking at them. */
const moving: ReadonlySet<string> = new Set([
  ..."Reshape Squeeze ExpandDims Transpose BroadcastTo Tile ReverseV2 Roll Fill".split(" "),
  ..."Gather GatherV2 GatherNd Slice StridedSlice Split SplitV Unpack Concat ConcatV2 Pack Select SelectV2".split(" "),
]);

/** Wraps an operation so that it moves strings, too: the kernel moves their positions in a list of all strings of the call. */
export function onStrings(op: string, operation: Operation): Operation {
  if (!moving.has(op)) return operation;
  return (call) => {
    const texts = call.inputs.filter(isStrings).flatMap(({ data }) => data);
    if (!call.inputs.some(isStrings)) return operation(call);
    const outputs = operation({ ...call, inputs: withPositions(call), isLastUse: () => false });
    return [outputs].flat().map((output): Value => {
      if (!isTensor(output) && output.kind !== "integers") return output;
      const positions = isTensor(output) ? output.dataSync() : output.data;
      const data = Array.from(positions, (position) => texts[position] ?? new Uint8Array(0));
      return { kind: "strings", shape: output.shape, data };
    });
  };
}

/** The inputs, with positions in the list of all strings in place of strings. */
function withPositions({ tf, inputs }: Call): readonly Value[] {
  let next = 0;
  return inputs.map((value) => {
    if (!isStrings(value)) return value;
    return tf.tensor(
      Int32Array.from(value.data, () => next++),
      [...value.shape],
      "int32",
    );
  });
}

function isStrings(value: Value): value is Strings {
  return !isTensor(value) && value.kind === "strings";
}

function isIntegerTensor(value: Value): value is IntegerTensor {
  return !isTensor(value) && value.kind === "integers";
}
