import type * as Core from "@tensorflow/tfjs-core";
import type { GraphNode, Subgraph, ValueRef } from "../../../../model/formats/tensorflow-graph/tensorflow-graph.ts";
import type { Call } from "../operation-call.ts";
import { isTensor, release, tensorsOf, type Value } from "../value.ts";

/** The constants of a model during optimization: new ones are added, and unused ones are freed. */
export interface ConstantStore {
  readonly tf: typeof Core;
  readonly values: Value[];
  /** Computed constants by their key: signatures often share whole subgraphs. */
  readonly computed: Map<string, readonly number[]>;
}

/** The tensor of a constant reference; `undefined` for other references. */
export function constantTensor({ values }: ConstantStore, ref: ValueRef | undefined): Core.Tensor | undefined {
  const value = ref?.from === "constant" ? values[ref.index] : undefined;
  return value !== undefined && isTensor(value) ? value : undefined;
}

/** Computes constants once per `key` and returns their references; intermediate tensors are freed. */
export function computedConstants(
  store: ConstantStore,
  key: string,
  compute: () => readonly Value[],
): readonly ValueRef[] {
  const known = store.computed.get(key) ?? added(store, compute);
  store.computed.set(key, known);
  return known.map((index) => ({ from: "constant", index }));
}

function added({ tf, values }: ConstantStore, compute: () => readonly Value[]): readonly number[] {
  const engine = tf.engine();
  engine.startScope("constants");
  let kept: Core.Tensor[] = [];
  try {
    const results = compute().map((value) => (values.includes(value) && isTensor(value) ? value.clone() : value));
    kept = results.flatMap(tensorsOf);
    return results.map((value) => values.push(value) - 1);
  } finally {
    engine.endScope(kept);
  }
}

/** Key of a node: equal for nodes that compute the same from the same constants. */
export function constantKey({ op, inputs, attributes }: Pick<GraphNode, "op" | "inputs" | "attributes">): string {
  const from = inputs.map((ref) => (ref.from === "constant" ? ref.index : ref.from));
  return JSON.stringify([op, from, [...attributes]]);
}

/** Frees the constants that no subgraph uses; the indices of the others do not change. */
export function releaseUnused({ values }: ConstantStore, subgraphs: readonly Subgraph[]): void {
  const used = new Set<number>();
  const note = (refs: readonly ValueRef[]): void => {
    for (const ref of refs) if (ref.from === "constant") used.add(ref.index);
  };
  const visit = ({ nodes, results }: Subgraph): void => {
    note(results);
    for (const { inputs, subgraphs } of nodes) {
      note(inputs);
      subgraphs.forEach(visit);
    }
  };
  subgraphs.forEach(visit);
  for (const [index, value] of values.entries()) {
    if (used.has(index)) continue;
    release(value);
    values[index] = { kind: "strings", shape: [0], data: [] };
  }
}

/** Creates a call of an operation on constants. */
export function constantCall(
  { tf, values }: ConstantStore,
  { op, inputs, attributes }: Pick<GraphNode, "op" | "inputs" | "attributes">,
): Call {
  return {
    tf,
    op,
    attributes,
    inputs: inputs.map((ref) => {
      const value = ref.from === "constant" ? values[ref.index] : undefined;
      if (value === undefined) throw new Error(`${op}: an input is not a constant`);
      return value;
    }),
    isLastUse: () => false,
  };
}
