import type * as Core from "@tensorflow/tfjs-core";
import type { Program, Step } from "./program.ts";
import { isTensor, release, shared, tensorsOf, type Value } from "./value.ts";

/** State shared by all programs of a model. */
export interface Environment {
  readonly tf: typeof Core;
  readonly constants: readonly Value[];
  /** Called when a kernel is missing; returns whether kernels were added. */
  readonly addKernels: () => boolean;
}

/** When a run must stop, and when it should yield to other work. Times of `performance.now()`. */
export interface Timing {
  readonly deadline: number;
  yieldAt: number;
}

/** Thrown when a run exceeds its deadline: graphs can loop forever. */
class PredictionTimeoutError extends Error {
  constructor() {
    super("the prediction takes too long; the graph may loop for ever");
  }
}

/** Values of one run of a program, by slot. */
type Slots = (Value | undefined)[];

/**
 * Runs a program. Takes ownership of `given` if `isOwner`; the caller owns the results. Yields between loop iterations
 * once `yieldAt` has passed. On an error all tensors of the run are freed.
 */
export function* executed(
  environment: Environment,
  program: Program,
  given: readonly Value[],
  options: { readonly timing: Timing; readonly isOwner: boolean },
): Generator<void, Value[]> {
  const slots: Slots = Array.from({ length: program.slotCount });
  given.forEach((value, i) => {
    slots[i] = value;
  });
  const isFreed = (slot: number): boolean => options.isOwner || slot >= program.parameterCount;
  try {
    for (const slot of program.unused.filter(isFreed)) free(slots, slot);
    for (const step of program.steps) {
      if (performance.now() > options.timing.deadline) throw new PredictionTimeoutError();
      const inputs = step.inputs.map((slot) => valueAt(environment, slots, slot));
      const lastUses = step.last.filter(isFreed);
      const outputs =
        step.operation === undefined
          ? yield* branched(environment, step, inputs, options.timing)
          : computed(environment, step, inputs, lastUses);
      store(slots, step, outputs);
      for (const slot of lastUses) free(slots, slot);
    }
    return results(environment, program, slots, isFreed);
  } finally {
    for (let slot = 0; slot < slots.length; slot++) if (isFreed(slot)) free(slots, slot);
  }
}

function valueAt({ constants }: Environment, slots: Slots, slot: number): Value {
  const value = slot < 0 ? constants[-1 - slot] : slots[slot];
  if (value === undefined) throw new Error(`value ${slot} is missing`);
  return value;
}

function free(slots: Slots, slot: number): void {
  const value = slots[slot];
  slots[slot] = undefined;
  if (value !== undefined) release(value);
}

/** Stores outputs in their slots; unused outputs are freed. */
function store(slots: Slots, { outputs }: Step, values: readonly Value[]): void {
  values.forEach((value, i) => {
    const slot = outputs[i];
    if (slot === undefined) release(value);
    else slots[slot] = value;
  });
}

/** The results, each with its own reference: moved out of their slots if the run owns them. */
function results(
  environment: Environment,
  program: Program,
  slots: Slots,
  isFreed: (slot: number) => boolean,
): Value[] {
  const remainingUses = new Map<number, number>();
  for (const slot of program.results) remainingUses.set(slot, (remainingUses.get(slot) ?? 0) + 1);
  return program.results.map((slot) => {
    const value = valueAt(environment, slots, slot);
    const others = (remainingUses.get(slot) ?? 0) - 1;
    remainingUses.set(slot, others);
    if (slot < 0 || others > 0 || !isFreed(slot)) return shared(value);
    slots[slot] = undefined;
    return value;
  });
}

/** Runs one operation; intermediate tensors are freed. */
function computed(
  environment: Environment,
  step: Step,
  inputs: readonly Value[],
  lastUses: readonly number[],
): readonly Value[] {
  const { tf } = environment;
  const { op, attributes, operation } = step;
  const engine = tf.engine();
  engine.startScope(op);
  const isLastUse = (position: number): boolean => lastUses.includes(step.inputs[position] ?? -1);
  let kept: readonly Core.Tensor[] = [];
  try {
    const output = retried(environment, () => operation?.({ tf, op, inputs, attributes, isLastUse }) ?? []);
    const list = Array.isArray(output) ? (output as readonly Value[]) : [output as Value]; // an Operation returns a list or a single value
    const held = list.map((value) => (isTensor(value) && inputs.includes(value) ? value.clone() : value));
    kept = held.flatMap(tensorsOf);
    return held;
  } finally {
    engine.endScope([...kept]);
  }
}

function retried<T>({ addKernels }: Environment, compute: () => T): T {
  try {
    return compute();
  } catch (thrown) {
    const lacksKernel = thrown instanceof Error && /Kernel '\w+' not registered/.test(thrown.message);
    if (!lacksKernel || !addKernels()) throw thrown;
    return compute();
  }
}

function* branched(
  environment: Environment,
  step: Step,
  inputs: readonly Value[],
  timing: Timing,
): Generator<void, Value[]> {
  const { op, programs } = step;
  if (op === "While") return yield* looped(environment, step, inputs, timing);
  const [choice, ...rest] = inputs;
  const chosen = op === "If" ? ifBranch(choice) : caseBranch(choice, programs.length);
  const branch = programs[chosen];
  if (branch === undefined) throw new Error(`${op}: there is no branch ${chosen}`);
  return yield* executed(environment, branch, rest, { timing, isOwner: false });
}

function* looped(
  environment: Environment,
  { programs: [condition, body], name }: Step,
  inputs: readonly Value[],
  timing: Timing,
): Generator<void, Value[]> {
  if (condition === undefined || body === undefined) throw new Error(`${name}: the loop has no body`);
  let state = inputs.map(shared);
  try {
    while (yield* conditionHolds(environment, condition, state, timing)) {
      const now = performance.now();
      if (now > timing.deadline) throw new PredictionTimeoutError();
      if (now > timing.yieldAt) yield;
      const before = state;
      state = [];
      state = yield* executed(environment, body, before, { timing, isOwner: true });
    }
    return state;
  } catch (thrown) {
    for (const value of state) release(value);
    throw thrown;
  }
}

function* conditionHolds(
  environment: Environment,
  condition: Program,
  state: readonly Value[],
  timing: Timing,
): Generator<void, boolean> {
  const outputs = yield* executed(environment, condition, state, { timing, isOwner: false });
  try {
    return isTrue(outputs[0]);
  } finally {
    for (const output of outputs) release(output);
  }
}

/** TensorFlow's truth value: non-zero; an empty value is false. */
function isTrue(value: Value | undefined): boolean {
  const [first] = elements(value);
  return first !== undefined && first !== 0;
}

/** The branch of an If: 0 is then, 1 is else. */
function ifBranch(condition: Value | undefined): number {
  return isTrue(condition) ? 0 : 1;
}

/** The branch of a Case: indices out of range select the last one. */
function caseBranch(value: Value | undefined, count: number): number {
  const [number = -1] = elements(value);
  return number >= 0 && number < count ? number : count - 1;
}

function elements(value: Value | undefined): ArrayLike<number> & Iterable<number> {
  if (value !== undefined && isTensor(value)) return value.dataSync();
  if (value?.kind === "integers") return value.data;
  throw new TypeError("a condition is not a number");
}
