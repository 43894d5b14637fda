import type { GraphNode, Subgraph, ValueRef } from "../../../model/formats/tensorflow-graph/tensorflow-graph.ts";
import type { Operation } from "./operation-call.ts";

/**
 * A subgraph compiled for execution: every value has a slot. Parameters come first, then the outputs of the steps;
 * constants have negative slots: constant i is slot -1 - i.
 */
export interface Program {
  readonly parameterCount: number;
  readonly slotCount: number;
  readonly steps: readonly Step[];
  readonly results: readonly number[];
  /** Parameters that no step and no result uses. */
  readonly unused: readonly number[];
}

/** One operation of a program, with the slots of its inputs and outputs. */
export interface Step {
  readonly name: string;
  readonly op: string;
  readonly attributes: GraphNode["attributes"];
  /** Undefined for loops and branches. */
  readonly operation: Operation | undefined;
  readonly programs: readonly Program[];
  readonly inputs: readonly number[];
  /** Slots of the outputs; unused outputs have none. */
  readonly outputs: readonly (number | undefined)[];
  /** Slots that are not used after this step. */
  readonly last: readonly number[];
}

/** The slot of a constant. */
function constantSlot(index: number): number {
  return -1 - index;
}

/** Compiles a subgraph: assigns slots and determines the last use of each value. */
export function program(subgraph: Subgraph, operationNamed: (op: string) => Operation | undefined): Program {
  const { parameterCount, nodes, results } = subgraph;
  const outputs: (number | undefined)[][] = nodes.map(() => []);
  let slotCount = parameterCount;
  const slotOf = (ref: ValueRef): number => {
    if (ref.from === "parameter") return ref.index;
    if (ref.from === "constant") return constantSlot(ref.index);
    const own = outputs[ref.index] ?? [];
    return (own[ref.output] ??= slotCount++);
  };
  const inputs = nodes.map((node) => node.inputs.map(slotOf));
  const resultSlots = results.map(slotOf);
  const lastUse = new Map<number, number>();
  inputs.forEach((used, step) => {
    for (const slot of used) lastUse.set(slot, step);
  });
  const isKept = new Set(resultSlots);
  const steps = nodes.map(({ name, op, attributes, subgraphs }, index): Step => {
    return {
      name,
      op,
      attributes,
      operation: subgraphs.length > 0 ? undefined : operationNamed(op),
      programs: subgraphs.map((inner) => program(inner, operationNamed)),
      inputs: inputs[index] ?? [],
      outputs: outputs[index] ?? [],
      last: [...new Set(inputs[index] ?? [])].filter(
        (slot) => slot >= 0 && lastUse.get(slot) === index && !isKept.has(slot),
      ),
    };
  });
  const unused = Array.from({ length: parameterCount }, (_, slot) => slot).filter(
    (slot) => !lastUse.has(slot) && !isKept.has(slot),
  );
  return { parameterCount, slotCount, steps, results: resultSlots, unused };
}
