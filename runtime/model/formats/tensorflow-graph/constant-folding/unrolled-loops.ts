import type { Constant, GraphNode, Subgraph, ValueRef } from "../tensorflow-graph.ts";
import { computedIntegers } from "./computed-integers.ts";
import { type FoldedGraph, integersOf, tensorOfIntegers } from "./constant-integers.ts";
import { listOperations, listOutput } from "./tensor-lists.ts";
import { type KnownValue, NotUnrolledError, type Unrolling } from "./unrolling.ts";

/** Most iterations of a loop that is unrolled, and most nodes of the result. */
const maxIterations = 128;
const maxNodes = 20_000;

/**
 * Unrolls loops with a known number of iterations and replaces the TensorLists that they fill, so that recurrent layers with a fixed
 * number of steps become plain operations. Undefined when a loop or a list remains.
 */
export function unrolledLoops(body: Subgraph, initial: readonly Constant[]): FoldedGraph | undefined {
  if (!body.nodes.some(({ op }) => op === "While")) return undefined;
  const unrolling = startedUnrolling(initial);
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

function startedUnrolling(initial: readonly Constant[]): Unrolling {
  const constants = [...initial];
  const nodes: GraphNode[] = [];
  const integers = new Map<number, ValueRef>();
  const added = (constant: Constant): ValueRef => ({ from: "constant", index: constants.push(constant) - 1 });
  return {
    constants,
    nodes,
    emit: (node, inputs) => {
      const numbers = inputs.flatMap((ref) =>
        ref.from === "constant" ? (integersOf(constants[ref.index]) ?? []) : [],
      );
      const known = numbers.length === inputs.length ? computedIntegers(node, numbers) : undefined;
      if (known !== undefined) {
        const constant = added({ name: node.name, tensor: tensorOfIntegers(known, node) });
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

/** The results of a subgraph for these parameters. */
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
  const [conditionGraph, body] = subgraphs;
  if (conditionGraph === undefined || body === undefined) throw new NotUnrolledError("a loop has no body");
  let state = start;
  for (let iteration = 0; iteration <= maxIterations; iteration++) {
    const [condition] = unrolled(unrolling, conditionGraph, state);
    const known =
      condition?.from === "constant" ? integersOf(unrolling.constants[condition.index])?.data[0] : undefined;
    if (known === undefined) throw new NotUnrolledError("the number of iterations of a loop is not known");
    if (known === 0) return state;
    state = unrolled(unrolling, body, state);
  }
  throw new NotUnrolledError("a loop has too many iterations");
}

function plain(value: KnownValue): ValueRef {
  if (value.from === "list") throw new NotUnrolledError("a list is used as a value");
  return value;
}
