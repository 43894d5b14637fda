import type { OnnxWeight, Attributes, OnnxGraph } from "../../../onnx-graph.ts";
import { channelsLast, NotExportedError, type Value } from "../../values.ts";
import type { Cell } from "./cell.ts";
import { maskedSteps } from "./masked-steps.ts";

/** How cells run over a sequence: one forward or backward, or two in both directions. */
export interface Recurrence {
  readonly cells: readonly Cell[];
  readonly direction: "forward" | "reverse" | "bidirectional";
  /** Initial states, [batch, units] each. */
  readonly initial: readonly Value[];
  /** Outputs of masked steps are zero. */
  readonly zeroesMasked: boolean;
}

/** Outputs of a recurrence, by direction. */
export interface RecurrenceOutputs {
  /** Outputs of all steps: [batch, steps, directions, units]. */
  sequences(): string;
  /** Final states h and, for LSTMs, c; [directions, batch, units]. */
  readonly states: readonly string[];
}

/** Adds ONNX's recurrent operator, whose layout has the steps before the batch. */
export function recurrence(
  graph: OnnxGraph,
  value: Value,
  { cells, direction, initial, zeroesMasked }: Recurrence,
): RecurrenceOutputs {
  const [cell] = cells;
  if (cell === undefined) throw new NotExportedError("it has no cells");
  const input = channelsLast(graph, value);
  const masked = input.mask === undefined ? undefined : maskedSteps(graph, input.name, input.mask);
  const sequence = graph.add("Transpose", [masked?.sequence ?? input.name], { perm: [1, 0, 2] });
  const states = initial.map(({ name }) => graph.add("Unsqueeze", [name, graph.integers([0])]));
  const weights = cellWeights(graph, cells);
  const inputs = [sequence, ...weights, masked?.lengths ?? "", ...states];
  const outputs = cell.operator === "LSTM" ? 3 : 2;
  const [all = "", ...last] = graph.addMany(cell.operator, trimmed(inputs), outputs, attributesOf(cells, direction));
  return {
    states: last,
    sequences: () => {
      const byBatch = graph.add("Transpose", [all], { perm: [2, 0, 1, 3] });
      if (masked === undefined) return byBatch;
      const units = cells.length * cell.units;
      const flat = graph.add("Reshape", [byBatch, graph.integers([0, 0, units])]);
      const restored = masked.restored(flat, zeroesMasked);
      return graph.add("Reshape", [restored, graph.integers([0, 0, cells.length, cell.units])]);
    },
  };
}

function attributesOf(cells: readonly Cell[], direction: Recurrence["direction"]): Attributes {
  const [cell] = cells;
  const activations = cells.flatMap((one) => one.activations);
  return {
    hidden_size: cell?.units ?? 0,
    direction,
    activations: activations.map(({ name }) => name),
    activation_alpha: { floats: activations.flatMap(({ alpha }) => (alpha === undefined ? [] : [alpha])) },
    activation_beta: { floats: activations.flatMap(({ beta }) => (beta === undefined ? [] : [beta])) },
    ...(cell?.operator === "GRU" ? { linear_before_reset: cell.resetsAfter ? 1 : 0 } : {}),
  };
}

/** Names of the weights W, R and B. */
function cellWeights(graph: OnnxGraph, cells: readonly Cell[]): readonly string[] {
  const own = cells[0]?.kernel.data;
  if (own === undefined) return [];
  const use = cells.length === 1 ? "recurrent" : "recurrent both ways";
  return [
    graph.weight(own, `${use} W`, () => joined(cells.map((cell) => gateRows(cell, cell.kernel)))),
    graph.weight(own, `${use} R`, () => joined(cells.map((cell) => gateRows(cell, cell.recurrent)))),
    cells.every(({ bias }) => bias === undefined) ? "" : graph.weight(own, `${use} B`, () => joined(cells.map(biases))),
  ];
}

/** Transposes [inputs, gates x units] to [gates x units, inputs], with gates in ONNX's order. */
function gateRows({ gates, units }: Cell, { data, shape }: Cell["kernel"]): OnnxWeight {
  const [inputs = 0, width = 0] = shape;
  const rows = new Float32Array(data.length);
  let at = 0;
  for (const gate of gates) {
    for (let unit = 0; unit < units; unit++) {
      for (let input = 0; input < inputs; input++) rows[at++] = data[input * width + gate * units + unit] ?? 0;
    }
  }
  return { shape: [width, inputs], data: rows };
}

/** Concatenates the biases of the input and of the state. */
function biases({ gates, units, bias, resetsAfter }: Cell): OnnxWeight {
  const width = gates.length * units;
  const data = new Float32Array(2 * width);
  gates.forEach((gate, i) => {
    for (let unit = 0; unit < units; unit++) {
      const [to, from] = [i * units + unit, gate * units + unit];
      data[to] = bias?.data[from] ?? 0;
      if (resetsAfter) data[width + to] = bias?.data[width + from] ?? 0;
    }
  });
  return { shape: [2 * width], data };
}

function joined(parts: readonly OnnxWeight[]): OnnxWeight {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { shape: [parts.length, ...(parts[0]?.shape ?? [])], data };
}

function trimmed(inputs: readonly string[]): readonly string[] {
  return inputs.slice(0, inputs.findLastIndex((name) => name !== "") + 1);
}
