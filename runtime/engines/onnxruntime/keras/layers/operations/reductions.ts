import { isList } from "../../../../../model/formats/keras/topology/json-config.ts";
import type { OnnxGraph } from "../../../onnx-graph.ts";
import { cast, mapped, NotExportedError, type Value } from "../../values.ts";
import type { LayerCall, LayerExport, LayerExports } from "../layer-export.ts";
import { asFloat, innerAxis, isFloating, type Operand, optionAt, tensorAt } from "./operands.ts";

/** Reductions, running sums and orders within each row. */
export const reductions: LayerExports = {
  Sum: reduction("ReduceSum"),
  Prod: reduction("ReduceProd"),
  Max: reduction("ReduceMax"),
  Min: reduction("ReduceMin"),
  Amax: reduction("ReduceMax"),
  Amin: reduction("ReduceMin"),
  Mean: reduction("ReduceMean", asFloat),
  Logsumexp: reduction("ReduceLogSumExp", asFloat),
  Any: reduction("ReduceMax", asTruth, "bool"),
  All: reduction("ReduceMin", asTruth, "bool"),
  Var: { apply: (call) => [variance(call)] },
  Std: { apply: (call) => [mapped(call.graph, variance(call), "Sqrt")] },
  Argmax: { apply: (call) => [argExtreme(call, "ArgMax")] },
  Argmin: { apply: (call) => [argExtreme(call, "ArgMin")] },
  Normalize: { apply: (call) => [normalized(call)] },
  OneHot: { apply: (call) => [oneHot(call)] },
  Norm: { apply: (call) => [norm(call)] },
  Cumsum: { apply: (call) => [runningSum(call)] },
  TopK: { apply: largest },
};

function norm(call: LayerCall): Value {
  const value = asFloat(call.graph, tensorAt(call, 0, "x"));
  const order = optionAt(call, 1, "ord") ?? 2;
  const axis = optionAt(call, 2, "axis");
  if ((order !== 1 && order !== 2) || typeof axis !== "number") {
    throw new NotExportedError("only norms of order 1 and 2 along one axis are exported");
  }
  const axes = [innerAxis(axis, value.shape.length)];
  const isKept = optionAt(call, 3, "keepdims") === true;
  const operator = order === 1 ? "ReduceL1" : "ReduceL2";
  const name = call.graph.add(operator, [value.name, call.graph.integers(axes)], { keepdims: isKept ? 1 : 0 });
  return { ...value, name, shape: withoutAxes(value.shape, axes, isKept) };
}

function runningSum(call: LayerCall): Value {
  const { graph } = call;
  const value = numeric(graph, tensorAt(call, 0, "x"));
  if (optionAt(call, 2, "dtype") !== undefined) throw new NotExportedError("its dtype is not exported");
  const axis = innerAxis(optionAt(call, 1, "axis"), value.shape.length);
  return { ...value, name: graph.add("CumSum", [value.name, graph.integers([axis], [])]) };
}

/** The largest values along the last axis, and their indices. */
function largest(call: LayerCall): readonly Value[] {
  const { graph } = call;
  const value = numeric(graph, tensorAt(call, 0, "x"));
  const count = optionAt(call, 1, "k");
  if (typeof count !== "number" || value.shape.length < 2) throw new NotExportedError("its k is not a number");
  const [name = "", index = ""] = graph.addMany("TopK", [value.name, graph.integers([count])], 2, { axis: -1 });
  const shape = [...value.shape.slice(0, -1), count];
  return [{ ...value, name, shape }, cast(graph, { name: index, type: "int64", shape }, "int32")];
}

type Prepare = (graph: OnnxGraph, operand: Operand) => Operand;

function reduction(operator: string, prepare: Prepare = numeric, result?: "bool"): LayerExport {
  return {
    apply: (call) => {
      const { graph } = call;
      const value = reduced(call, operator, prepare(graph, tensorAt(call, 0, "x")));
      return [result === undefined ? value : cast(graph, value, result)];
    },
  };
}

function numeric(graph: OnnxGraph, operand: Operand): Operand {
  return operand.type === "bool" ? cast(graph, operand, "int32") : operand;
}

function asTruth(graph: OnnxGraph, operand: Operand): Operand {
  return cast(graph, cast(graph, operand, "bool"), "int32");
}

function reduced(call: LayerCall, operator: string, value: Value): Value {
  const { graph } = call;
  const axes = axesAt(call, value.shape.length);
  const isKept = optionAt(call, 2, "keepdims") === true;
  const name = graph.add(operator, [value.name, graph.integers(axes)], { keepdims: isKept ? 1 : 0 });
  return { ...value, name, shape: withoutAxes(value.shape, axes, isKept) };
}

function axesAt(call: LayerCall, rank: number): readonly number[] {
  const axis = optionAt(call, 1, "axis");
  return (isList(axis) ? axis : [axis]).map((one) => innerAxis(one, rank));
}

function withoutAxes(shape: readonly number[], axes: readonly number[], isKept: boolean): readonly number[] {
  return shape.flatMap((size, axis) => {
    if (!axes.includes(axis)) return [size];
    return isKept ? [1] : [];
  });
}

function variance(call: LayerCall): Value {
  const { graph } = call;
  const value = asFloat(graph, tensorAt(call, 0, "x"));
  const axes = graph.integers(axesAt(call, value.shape.length));
  const mean = graph.add("ReduceMean", [value.name, axes], { keepdims: 1 });
  const distance = graph.add("Sub", [value.name, mean]);
  const square = { ...value, name: graph.add("Mul", [distance, distance]) };
  return reduced(call, "ReduceMean", square);
}

function argExtreme(call: LayerCall, operator: string): Value {
  const { graph } = call;
  const { name, shape } = numeric(graph, tensorAt(call, 0, "x"));
  const axis = innerAxis(optionAt(call, 1, "axis"), shape.length);
  const isKept = optionAt(call, 2, "keepdims") === true;
  const index = graph.add(operator, [name], { axis, keepdims: isKept ? 1 : 0 });
  return cast(graph, { name: index, type: "int64", shape: withoutAxes(shape, [axis], isKept) }, "int32");
}

/** keras/src/ops/nn.py and TensorFlow's l2_normalize: squared lengths are at least 1e-12. */
function normalized(call: LayerCall): Value {
  const { graph } = call;
  const value = asFloat(graph, tensorAt(call, 0, "x"));
  const [axis = -1] = axesAt(call, value.shape.length);
  const isPlain = (optionAt(call, 2, "order") ?? 2) === 2 && optionAt(call, 3, "epsilon") === undefined;
  if (!isPlain) throw new NotExportedError("only lengths of order 2 are exported");
  const sum = graph.add("ReduceSumSquare", [value.name, graph.integers([axis])], { keepdims: 1 });
  const length = graph.add("Sqrt", [graph.add("Max", [sum, graph.number(1e-12)])]);
  return { ...value, name: graph.add("Div", [value.name, length]) };
}

function oneHot(call: LayerCall): Value {
  const { graph } = call;
  const { name, type, shape } = tensorAt(call, 0, "x");
  const count = optionAt(call, 1, "num_classes");
  const isPlain = (optionAt(call, 2, "axis") ?? -1) === -1 && (optionAt(call, 3, "dtype") ?? "float32") === "float32";
  if (isFloating(type) || typeof count !== "number" || !isPlain) {
    throw new NotExportedError("only classes along the last axis are exported, as float32");
  }
  // ONNX's OneHot counts negative classes from the end, Keras encodes them as zeros.
  const classes = graph.constant({
    dtype: "int32",
    shape: [count],
    data: Int32Array.from({ length: count }, (_, i) => i),
  });
  const column = graph.add("Unsqueeze", [cast(graph, { name, type, shape }, "int32").name, graph.integers([-1])]);
  const isMatch: Value = { name: graph.add("Equal", [column, classes]), type: "bool", shape: [...shape, count] };
  return cast(graph, isMatch, "float32");
}
