import { flag, innerLayer, word } from "../../layer-config.ts";
import { cast, channelsLast, NotExportedError, type Value } from "../../values.ts";
import { knownSize, type LayerCall, soleInput } from "../layer-export.ts";
import { cellOf } from "./cell.ts";
import { type RecurrenceOutputs, recurrence } from "./recurrence.ts";

/** keras/src/layers/rnn/bidirectional.py: masked steps are skipped, and their outputs are zero. */
export function bidirectional(call: LayerCall): readonly Value[] {
  const { config, graph, weights } = call;
  const { className, config: options } = innerLayer(config, "layer");
  if (flag(options, "go_backwards", false)) throw new NotExportedError("its layer goes backwards");
  const input = channelsLast(graph, cast(graph, soleInput(call), "float32"));
  const count = weights.length / 2;
  const cells = [weights.slice(0, count), weights.slice(count)].map((own) => {
    return cellOf(className, options, knownSize(input, -1), own);
  });
  const settings = { cells, direction: "bidirectional", initial: [], zeroesMasked: true } as const;
  const result = recurrence(graph, input, settings);
  const outputs = mergedDirections(call, result, cells[0]?.units ?? 0);
  if (!flag(options, "return_state", false)) return outputs;
  const states = result.states.map((name) => splitDirections(graph, name, 0));
  const shape = [input.shape[0] ?? -1, cells[0]?.units ?? 0];
  return [
    ...outputs,
    ...[0, 1].flatMap((i) => states.map((both): Value => ({ name: both[i] ?? "", type: "float32", shape }))),
  ];
}

/** Operators of `merge_mode`; `concat` and null are not reductions. */
const mergeOperators: Readonly<Record<string, string>> = { sum: "ReduceSum", ave: "ReduceMean", mul: "ReduceProd" };

function mergedDirections(call: LayerCall, result: RecurrenceOutputs, units: number): readonly Value[] {
  const { config, graph } = call;
  const { shape: given, mask } = soleInput(call);
  const isSequence = flag(innerLayer(config, "layer").config, "return_sequences", false);
  const both = isSequence ? result.sequences() : graph.add("Transpose", [result.states[0] ?? ""], { perm: [1, 0, 2] });
  const outer = given.slice(0, isSequence ? 2 : 1);
  const kept = { type: "float32" as const, ...(mask === undefined || !isSequence ? {} : { mask }) };
  const mode = config["merge_mode"] === null ? "none" : word(config, "merge_mode", "concat");
  if (mode === "concat") {
    const target = graph.integers([...outer.map(() => 0), 2 * units]);
    return [{ ...kept, name: graph.add("Reshape", [both, target]), shape: [...outer, 2 * units] }];
  }
  const shape = [...outer, units];
  const operator = mergeOperators[mode];
  if (operator === undefined) {
    return splitDirections(graph, both, outer.length).map((name) => ({ ...kept, name, shape }));
  }
  return [{ ...kept, name: graph.add(operator, [both, graph.integers([outer.length])], { keepdims: 0 }), shape }];
}

function splitDirections(graph: LayerCall["graph"], name: string, axis: number): readonly string[] {
  const parts = graph.addMany("Split", [name], 2, { axis, num_outputs: 2 });
  return parts.map((part) => graph.add("Squeeze", [part, graph.integers([axis])]));
}
