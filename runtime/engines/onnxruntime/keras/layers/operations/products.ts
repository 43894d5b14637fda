import { NotExportedError, type Value } from "../../values.ts";
import type { LayerCall, LayerExports } from "../layer-export.ts";
import { asFloat, type Operand, optionAt, broadcastShape, tensorAt } from "./operands.ts";

/** Matrix products that keep the rows of a batch apart. */
export const productOperations: LayerExports = {
  Matmul: { apply: (call) => [product(call)] },
  Einsum: { apply: (call) => [einsum(call)] },
};

function product(call: LayerCall): Value {
  const { graph } = call;
  const [a, b] = [asFloat(graph, tensorAt(call, 0, "x1")), asFloat(graph, tensorAt(call, 1, "x2"))];
  const outer = isWeight(a, b) ? a.shape.slice(0, -2) : broadcastShape([outerAxes(a), outerAxes(b)]);
  const shape = [...outer, a.shape.at(-2) ?? -1, b.shape.at(-1) ?? -1];
  return { name: graph.add("MatMul", [a.name, b.name]), type: "float32", shape };
}

/** Whether `b` is one constant matrix for all rows. */
function isWeight(a: Operand, b: Operand): boolean {
  return b.isConstant === true && b.shape.length === 2 && a.isConstant !== true && a.shape.length > 1;
}

function outerAxes(operand: Operand): Operand {
  if (operand.shape.length < 3) throw new NotExportedError("it mixes the rows of a batch");
  return { ...operand, shape: operand.shape.slice(0, -2) };
}

/** Einsum per row: the first letter of the result and of each non-constant operand is the batch, and no other is. */
function einsum(call: LayerCall): Value {
  const { graph } = call;
  const { terms, result } = equationAt(call);
  const operands = terms.map((_, i) => asFloat(graph, tensorAt(call, i, "")));
  const [batch] = result;
  const keepsRows = operands.every(({ isConstant, shape }, i) => {
    const own = terms[i] ?? [];
    return own.length === shape.length && own.lastIndexOf(batch ?? "") === (isConstant === true ? -1 : 0);
  });
  if (!keepsRows) throw new NotExportedError("it mixes the rows of a batch");
  const sizes = new Map(
    operands.flatMap(({ shape }, i) => (terms[i] ?? []).map((letter, axis) => [letter, shape[axis] ?? -1] as const)),
  );
  const equation = `${terms.map((letters) => letters.join("")).join(",")}->${result.join("")}`;
  const names = operands.map(({ name }) => name);
  const shape = result.map((letter) => sizes.get(letter) ?? -1);
  return { name: graph.add("Einsum", names, { equation }), type: "float32", shape };
}

function equationAt(call: LayerCall): {
  readonly terms: readonly (readonly string[])[];
  readonly result: readonly string[];
} {
  const subscripts = optionAt(call, Number.MAX_SAFE_INTEGER, "subscripts") ?? "";
  const text = typeof subscripts === "string" ? subscripts.replaceAll(" ", "") : "";
  const [, terms, result] = /^([a-zA-Z,]+)->([a-zA-Z]+)$/.exec(text) ?? [];
  if (terms === undefined || result === undefined) throw new NotExportedError(`the equation "${text}" is not exported`);
  return { terms: terms.split(",").map((letters) => Array.from(letters)), result: Array.from(result) };
}
