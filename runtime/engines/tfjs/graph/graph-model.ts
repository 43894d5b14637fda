import { type Signature, type Signatures, signatureName } from "../../../dataplane/signature.ts";
import type { Tensor } from "../../../dataplane/tensor.ts";
import type { Constant, Subgraph, TensorFlowGraph } from "../../../model/formats/tensorflow-graph/tensorflow-graph.ts";
import { maxNumbers, type Numbers } from "../../../model/formats/tensorflow-graph/numbers/numbers.ts";
import type { LoadedModel } from "../../engine.ts";
import { addFallbackKernels, type TensorFlow } from "../backend.ts";
import { tensorFlowJsFaults as faults } from "../faults.ts";
import { converted, downloaded, uploaded } from "../tensors.ts";
import { type Environment, executed, type Timing } from "./execution.ts";
import { fixedBatch, freeBatch, inFixedBatches } from "../../../model/formats/tensorflow-graph/fixed-batch.ts";
import { exampleRefusal } from "./operations/examples.ts";
import { operations } from "./operations/operations.ts";
import { type ConstantStore, releaseUnused } from "./optimisation/constant-store.ts";
import { foldedConstants } from "./optimisation/folded-constants.ts";
import { fusedProducts } from "./optimisation/fused-products.ts";
import { type Program, program } from "./program.ts";
import { isTensor, release, type Value } from "./value.ts";

/** How long predictions may take. */
export interface GraphLimits {
  /** A prediction that takes longer fails: graphs can loop for ever. */
  readonly maxPredictionMs: number;
  /** How long a loop runs before others have their turn. */
  readonly sliceMs: number;
}

const defaultGraphLimits: GraphLimits = { maxPredictionMs: 30_000, sliceMs: 20 };

/** Brings a graph into TensorFlow.js' memory. Throws a Fault that names all operations that cannot be run. */
export function loadedGraph(
  flow: TensorFlow,
  definition: TensorFlowGraph,
  limits: GraphLimits = defaultGraphLimits,
): LoadedModel {
  checkOperations(definition);
  return new GraphModelInMemory(flow, definition, limits);
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
  readonly #limits: GraphLimits;
  /** As the file has them. */
  readonly #placed: Signatures;
  #isLoaded = true;

  constructor(flow: TensorFlow, definition: TensorFlowGraph, limits: GraphLimits) {
    this.#limits = limits;
    const { tf, backend } = flow;
    this.engine = `TensorFlowJs/${backend}`;
    this.weightBytes = definition.weightBytes;
    this.#placed = new Map(definition.signatures.map(({ name, signature }) => [name, signature]));
    this.signatures = new Map(
      [...this.#placed].map(([name, own]) => [name, fixedBatch(own) === undefined ? own : freeBatch(own)]),
    );
    const values = constantValues(flow, definition.constants);
    const bodies = simplifiedBodies({ tf, values, computed: new Map() }, definition.signatures);
    this.#programs = new Map([...bodies].map(([name, body]) => [name, program(body, (op) => operations.get(op))]));
    this.#environment = {
      tf,
      constants: values,
      addKernels: () => addFallbackKernels(flow),
    };
  }

  infer(inputs: readonly Tensor[], name?: string): readonly Tensor[] | Promise<readonly Tensor[]> {
    if (!this.#isLoaded) throw new Error("the model has been unloaded");
    const chosen = signatureName(this.#placed, name);
    const signature = this.#placed.get(chosen);
    const chosenProgram = this.#programs.get(chosen);
    if (signature === undefined || chosenProgram === undefined) throw new Error(`there is no signature ${chosen}`);
    const run = (rows: readonly Tensor[]): readonly Tensor[] | Promise<readonly Tensor[]> =>
      this.#run(chosenProgram, signature, rows);
    const batch = fixedBatch(signature);
    return batch === undefined ? run(inputs) : inFixedBatches(inputs, batch, run);
  }

  unload(): void {
    if (!this.#isLoaded) return;
    this.#isLoaded = false;
    for (const constant of this.#environment.constants) release(constant);
  }

  #run(
    chosen: Program,
    signature: Signature,
    inputs: readonly Tensor[],
  ): readonly Tensor[] | Promise<readonly Tensor[]> {
    const now = performance.now();
    const { maxPredictionMs, sliceMs } = this.#limits;
    const timing: Timing = { endsAt: now + maxPredictionMs, pausesAt: now + sliceMs };
    const given = givenValues(this.#environment.tf, inputs);
    const run = executed(this.#environment, chosen, given, { timing, isOwner: true });
    const first = run.next();
    return first.done === true ? results(signature, first.value) : this.#finished(run, timing, signature);
  }

  /** Goes on with a run in slices of time, so that the thread serves others in between. */
  async #finished(run: Generator<void, Value[]>, timing: Timing, signature: Signature): Promise<readonly Tensor[]> {
    for (;;) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      timing.pausesAt = performance.now() + this.#limits.sliceMs;
      const step = run.next();
      if (step.done === true) return results(signature, step.value);
    }
  }
}

/** Uploads all constants, or none. */
function constantValues({ tf }: TensorFlow, constants: readonly Constant[]): Value[] {
  const values: Value[] = [];
  for (const { name, tensor } of constants) {
    try {
      values.push(numbersOf(tensor) ?? valueOf(tf, tensor));
    } catch (thrown) {
      for (const value of values) release(value);
      throw faults.ConstantUnsupported({ constant: name, reason: reasonOf(thrown) }, thrown);
    }
  }
  return values;
}

/** Uploads the inputs, or none. */
function givenValues(tf: TensorFlow["tf"], inputs: readonly Tensor[]): readonly Value[] {
  const values: Value[] = [];
  try {
    for (const input of inputs) values.push(valueOf(tf, input));
    return values;
  } catch (thrown) {
    for (const value of values) release(value);
    throw thrown;
  }
}

/** Computes what does not depend on the inputs, fuses what follows products. */
function simplifiedBodies(
  store: ConstantStore,
  signatures: TensorFlowGraph["signatures"],
): ReadonlyMap<string, Subgraph> {
  const bodies = new Map(
    signatures.map(({ name, body }) => [name, fusedProducts(store, foldedConstants(store, body))]),
  );
  releaseUnused(store, [...bodies.values()]);
  return bodies;
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Short lists of integers need no kernels. */
function numbersOf({ dtype, shape, data }: Tensor): Numbers | undefined {
  const isInteger = /^u?int|^bool$/.test(dtype);
  if (!isInteger || data.length > maxNumbers) return undefined;
  const numbers = Array.from(data, Number);
  const fits = numbers.every((value) => value >= -(2 ** 31) && value < 2 ** 31);
  return fits ? { kind: "numbers", dtype: dtype === "bool" ? "bool" : "int32", shape, data: numbers } : undefined;
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
      if (value.kind === "numbers") return converted(tensorOfNumbers(value), dtype);
      if (value.kind === "strings") return { dtype: "string", shape: value.shape, data: value.data };
      throw new TypeError(`output ${i} is a list`);
    });
  } finally {
    for (const value of values) release(value);
  }
}

function tensorOfNumbers({ dtype, shape, data }: Numbers): Tensor {
  return dtype === "bool"
    ? { dtype, shape, data: Uint8Array.from(data) }
    : { dtype, shape, data: Int32Array.from(data) };
}
