import type { OnnxGraph } from "../../onnx-graph.ts";

/**
 * A batch of sequences of which some steps do not count. ONNX' recurrent operators know sequences that end early, no holes:
 * steps that count are moved to the front, and what comes out is moved back.
 */
export interface MaskedSteps {
  /** [batch, steps, features] with the steps that count first. */
  readonly sequence: string;
  /** How many of each sequence count: int32 [batch]. */
  readonly lengths: string;
  /** Outputs of the moved steps back at their places. Steps that do not count repeat the output before them, or are zero. */
  restored(outputs: string, isZeroed: boolean): string;
}

const boolToInt64 = { to: 7 };
const toFloat = { to: 1 };

/** How many steps of each sequence count, from a mask of shape [batch, steps]. */
export function maskedSteps(graph: OnnxGraph, sequence: string, mask: string): MaskedSteps {
  const counts = graph.add("Cast", [mask], boolToInt64);
  const lengths = graph.add("Cast", [graph.add("ReduceSum", [counts, graph.integers([1])], { keepdims: 0 })], {
    to: 6,
  });
  const steps = graph.add("Gather", [graph.add("Shape", [mask]), graph.integers([1], [])]);
  // A key that falls from step to step, above zero for those that count: sorting keeps their order.
  const places = graph.add("Range", [graph.integers([0], []), steps, graph.integers([1], [])]);
  const keys = graph.add("Sub", [graph.add("Mul", [counts, steps]), places]);
  const size = graph.add("Unsqueeze", [steps, graph.integers([0])]);
  const [, order = ""] = graph.addMany("TopK", [keys, size], 2, { axis: 1 });
  return {
    sequence: stepsAt(graph, sequence, order),
    lengths,
    restored: (outputs, isZeroed) => {
      const last = graph.add("Sub", [graph.add("CumSum", [counts, graph.integers([1], [])]), graph.integers([1], [])]);
      const moved = stepsAt(graph, outputs, graph.add("Max", [last, graph.integers([0], [])]));
      const isThere = isZeroed ? mask : graph.add("GreaterOrEqual", [last, graph.integers([0], [])]);
      const kept = graph.add("Unsqueeze", [graph.add("Cast", [isThere], toFloat), graph.integers([2])]);
      return graph.add("Mul", [moved, kept]);
    },
  };
}

/** For each sequence its steps at these places: indices are int64 [batch, steps]. */
function stepsAt(graph: OnnxGraph, sequence: string, places: string): string {
  const column = graph.add("Unsqueeze", [places, graph.integers([2])]);
  const indices = graph.add("Expand", [column, graph.add("Shape", [sequence])]);
  return graph.add("GatherElements", [sequence, indices], { axis: 1 });
}
