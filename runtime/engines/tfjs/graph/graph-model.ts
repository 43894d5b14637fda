import type * as Core from "@tensorflow/tfjs-core";
import type { Signature, Signatures } from "../../../dataplane/signature.ts";
import { signatureName } from "../../../dataplane/signature.ts";
import type { Tensor } from "../../../dataplane/tensor.ts";
import type { Constant, Subgraph, TensorFlowGraph } from "../../../model/formats/tensorflow-graph/tensorflow-graph.ts";
import type { LoadedModel } from "../../engine.ts";
import { addFallbackKernels, type TensorFlow } from "../backend.ts";
import { tensorFlowJsFaults as faults } from "../faults.ts";
import { converted, downloaded, uploaded } from "../tensors.ts";
import type { IntegerMemory } from "./call.ts";
import { type Environment, executed, type Timing } from "./execution.ts";
import { exampleRefusal } from "./operations/examples.ts";
import { operations } from "./operations/operations.ts";
import { type Program, program } from "./program.ts";
import { isTensor, release, type Value } from "./value.ts";

/** A prediction that takes longer fails: graphs can loop for ever. */
const maxPredictionMs = 30_000;
/** How long a loop runs before others have their turn. */
const sliceMs = 20;

/** Brings a graph into TensorFlow.js' memory. Throws a Fault that names all operations that cannot be run. */
export function loadedGraph(flow: TensorFlow, definition: TensorFlowGraph): LoadedModel {
  checkOperations(definition);
  return new GraphModelInMemory(flow, definition);
}

function checkOperations({ signatures }: TensorFlowGraph): void {
  const refused = new Map<string, string>();
  const check = ({ nodes }: Subgraph): void => {
    for (const { op, name, attributes, subgraphs } of nodes) {
      const why = op.startsWith("ParseExample") ? exampleRefusal(attributes) : undefined;
      const isKnown = subgraphs.length > 0 || operations.has(op);
      if (!isKnown || why !== undefined) refused.set(why === undefined ? op : `${op} ${why}`, name);
      subgraphs.forEach(check);
    }
  };
  for (const { body } of signatures) check(body);
  if (refused.size > 0) {
    throw faults.OperationsUnsupported({ operations: [...refused].map(([operation, node]) => ({ operation, node })) });
  }
}

/** Holds the constants of one graph. */
class GraphModelInMemory implements LoadedModel {
  readonly engine: string;
  readonly signatures: Signatures;
  readonly weightBytes: number;
  readonly #programs: ReadonlyMap<string, Program>;
  readonly #environment: Environment;
  #isLoaded = true;

  constructor(flow: TensorFlow, definition: TensorFlowGraph) {
    const { tf, backend } = flow;
    this.engine = `TensorFlowJs/${backend}`;
    this.weightBytes = definition.weightBytes;
    this.signatures = new Map(definition.signatures.map(({ name, signature }) => [name, signature]));
    this.#programs = new Map(
      definition.signatures.map(({ name, body }) => [name, program(body, (op) => operations.get(op))]),
    );
    const integers: IntegerMemory = new WeakMap();
    this.#environment = {
      tf,
      integers,
      constants: constantValues(flow, definition.constants, integers),
      addKernels: () => addFallbackKernels(flow),
    };
  }

  infer(inputs: readonly Tensor[], name?: string): readonly Tensor[] | Promise<readonly Tensor[]> {
    if (!this.#isLoaded) throw new Error("the model has been unloaded");
    const chosen = signatureName(this.signatures, name);
    const signature = this.signatures.get(chosen);
    const chosenProgram = this.#programs.get(chosen);
    if (signature === undefined || chosenProgram === undefined) throw new Error(`there is no signature ${chosen}`);
    const now = performance.now();
    const timing: Timing = { endsAt: now + maxPredictionMs, pausesAt: now + sliceMs };
    const given = inputs.map((input) => valueOf(this.#environment.tf, input));
    const run = executed(this.#environment, chosenProgram, given, { timing, isOwner: true });
    const first = run.next();
    return first.done === true ? results(signature, first.value) : finished(run, timing, signature);
  }

  unload(): void {
    if (!this.#isLoaded) return;
    this.#isLoaded = false;
    for (const constant of this.#environment.constants) release(constant);
  }
}

/** Goes on with a run in slices of time, so that the thread serves others in between. */
async function finished(
  run: Generator<void, Value[]>,
  timing: Timing,
  signature: Signature,
): Promise<readonly Tensor[]> {
  for (;;) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    timing.pausesAt = performance.now() + sliceMs;
    const step = run.next();
    if (step.done === true) return results(signature, step.value);
  }
}

/** Uploads all constants, or none. */
function constantValues({ tf }: TensorFlow, constants: readonly Constant[], integers: IntegerMemory): readonly Value[] {
  const values: Value[] = [];
  for (const { name, tensor } of constants) {
    try {
      const value = valueOf(tf, tensor);
      values.push(value);
      if (isIntegerList(value)) integers.set(value, Array.from(value.dataSync()));
    } catch (thrown) {
      for (const value of values) release(value);
      throw faults.ConstantUnsupported({ constant: name, reason: reasonOf(thrown) }, thrown);
    }
  }
  return values;
}

function isIntegerList(value: Value): value is Core.Tensor {
  return isTensor(value) && value.dtype === "int32" && value.size <= 1024;
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function valueOf(tf: TensorFlow["tf"], tensor: Tensor): Value {
  if (tensor.dtype === "string") return { kind: "strings", shape: tensor.shape, data: tensor.data };
  return uploaded(tf, tensor);
}

function results({ outputs }: Signature, values: readonly Value[]): readonly Tensor[] {
  try {
    return outputs.map(({ dtype }, i) => {
      const value = values[i];
      if (value === undefined) throw new Error(`output ${i} is missing`);
      if (isTensor(value)) return converted(downloaded(value), dtype);
      if (value.kind === "strings") return { dtype: "string", shape: value.shape, data: value.data };
      throw new TypeError(`output ${i} is a list`);
    });
  } finally {
    for (const value of values) release(value);
  }
}
