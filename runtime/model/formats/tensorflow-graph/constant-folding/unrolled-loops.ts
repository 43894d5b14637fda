import type { Constant, GraphNode, Subgraph, ValueRef } from "../tensorflow-graph.ts";
import { computedNumbers } from "./computed-integers.ts";
import { type FoldedGraph, numbersOf, tensorOfNumbers } from "./constant-integers.ts";
import { listOperations, listOutput } from "./tensor-lists.ts";
import { type KnownValue, NotUnrolledError, type Unrolling } from "./unrolling.ts";

/** Longest loop that is unrolled, and the largest graph that may come of it. */
const maxRounds = 128;
const maxNodes = 20_000;

/**
 * The graph without the loops whose number of rounds is known, and without the lists that they fill: recurrent layers over steps
 * of a fixed number come down to plain operations. Undefined when a loop or a list is left.
 */
export function unrolledLoops(body: Subgraph, given: readonly Constant[]): FoldedGraph | undefined {
  if (!body.nodes.some(({ op }) => op === "While")) return undefined;
  const unrolling = startedUnrolling(given);
  const parameters = Array.from({ length: body.parameterCount }, (_, index): ValueRef => ({
    from: "parameter",
    index,
  }));
  try {
    const results = unrolled(unrolling, body, parameters).map(plain);
    const { nodes, constants } = unrolling;
    return { body: { parameterCount: body.parameterCount, nodes, results }, constants };
  } catch (thrown) {
    if (thrown instanceof NotUnrolledError) return undefined;
    throw thrown;
  }
}

function startedUnrolling(given: readonly Constant[]): Unrolling {
  const constants = [...given];
  const nodes: GraphNode[] = [];
  const integers = new Map<number, ValueRef>();
  const added = (constant: Constant): ValueRef => ({ from: "constant", index: constants.push(constant) - 1 });
  return {
    constants,
    nodes,
    emit: (node, inputs) => {
      const numbers = inputs.flatMap((ref) => (ref.from === "constant" ? (numbersOf(constants[ref.index]) ?? []) : []));
      const known = numbers.length === inputs.length ? computedNumbers(node, numbers) : undefined;
      if (known !== undefined) {
        const constant = added({ name: node.name, tensor: tensorOfNumbers(known, node) });
        return () => constant;
      }
      if (nodes.length >= maxNodes) throw new NotUnrolledError("it becomes too large");
      const index = nodes.push({ ...node, inputs }) - 1;
      return (output) => ({ from: "node", index, output });
    },
    integer: (value) => {
      const name = `integer ${value}`;
      const ref =
        integers.get(value) ?? added({ name, tensor: { dtype: "int32", shape: [], data: Int32Array.of(value) } });
      integers.set(value, ref);
      return ref;
    },
  };
}

/** What a subgraph gives for these parameters. */
function unrolled(
  unrolling: Unrolling,
  { nodes, results }: Subgraph,
  parameters: readonly KnownValue[],
): readonly KnownValue[] {
  const outputs: ((output: number) => KnownValue | undefined)[] = [];
  const valueOf = (ref: ValueRef): KnownValue => {
    if (ref.from === "constant") return ref;
    const value = ref.from === "parameter" ? parameters[ref.index] : outputs[ref.index]?.(ref.output);
    if (value === undefined) throw new NotUnrolledError("a value is not there");
    return value;
  };
  for (const node of nodes) {
    const inputs = node.inputs.map(valueOf);
    if (node.op === "While") {
      const state = unrolledLoop(unrolling, node, inputs);
      outputs.push((output) => state[output]);
    } else if (listOperations.has(node.op)) {
      const value = listOutput(unrolling, node, inputs);
      outputs.push(() => value);
    } else {
      outputs.push(unrolling.emit(node, inputs.map(plain)));
    }
  }
  return results.map(valueOf);
}

function unrolledLoop(
  unrolling: Unrolling,
  { subgraphs }: GraphNode,
  start: readonly KnownValue[],
): readonly KnownValue[] {
  const [condition, body] = subgraphs;
  if (condition === undefined || body === undefined) throw new NotUnrolledError("a loop has no body");
  let state = start;
  for (let round = 0; round <= maxRounds; round++) {
    const [answer] = unrolled(unrolling, condition, state);
    const known = answer?.from === "constant" ? numbersOf(unrolling.constants[answer.index])?.data[0] : undefined;
    if (known === undefined) throw new NotUnrolledError("how often a loop goes round is not known");
    if (known === 0) return state;
    state = unrolled(unrolling, body, state);
  }
  throw new NotUnrolledError("a loop goes round too often");
}

function plain(value: KnownValue): ValueRef {
  if (value.from === "list") throw new NotUnrolledError("a list is used as a value");
  return value;
}
