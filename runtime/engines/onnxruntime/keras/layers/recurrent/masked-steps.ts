import type { OnnxGraph } from "../../../onnx-graph.ts";

/**
 * Masked sequences. ONNX's recurrent operators support sequence lengths but no gaps: unmasked steps are moved to the
 * front, and the outputs are moved back.
 */
export interface MaskedSteps {
  /** [batch, steps, features] with the unmasked steps first. */
  readonly sequence: string;
  /** Number of unmasked steps per sequence: int32 [batch]. */
  readonly lengths: string;
  /** Moves outputs back to their steps. Masked steps repeat the previous output, or are zero. */
  restored(outputs: string, isZeroed: boolean): string;
}

const boolToInt64 = { to: 7 };
const toFloat = { to: 1 };

/** Compacts sequences by a mask of shape [batch, steps]. */
export function maskedSteps(graph: OnnxGraph, sequence: string, mask: string): MaskedSteps {
  const counts = graph.add("Cast", [mask], boolToInt64);
  const lengths = graph.add("Cast", [graph.add("ReduceSum", [counts, graph.integers([1])], { keepdims: 0 })], {
    to: 6,
  });
  const steps = graph.add("Gather", [graph.add("Shape", [mask]), graph.integers([1], [])]);
  // A sort key that decreases by step and is positive for unmasked steps: the order of steps is kept.
  const positions = graph.add("Range", [graph.integers([0], []), steps, graph.integers([1], [])]);
  const keys = graph.add("Sub", [graph.add("Mul", [counts, steps]), positions]);
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

/** Gathers steps of each sequence: indices are int64 [batch, steps]. */
function stepsAt(graph: OnnxGraph, sequence: string, positions: string): string {
  const column = graph.add("Unsqueeze", [positions, graph.integers([2])]);
  const indices = graph.add("Expand", [column, graph.add("Shape", [sequence])]);
  return graph.add("GatherElements", [sequence, indices], { axis: 1 });
}
