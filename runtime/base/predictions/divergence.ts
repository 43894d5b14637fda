import { abbreviated } from "../fault.ts";

/** How one revision's prediction differs from another's for the same request, or from an expected one. */
export interface Divergence {
  /** A number is beyond the tolerance, or a shape, type or string differs. */
  readonly differs: boolean;
  /** Largest difference of two finite numbers, including those within the tolerance. */
  readonly maxAbsolute: number;
  readonly sumAbsolute: number;
  readonly numbers: number;
  /** Number of rows with more than one number, and of those whose largest number has the same index (argmax agreement). */
  readonly ranked: number;
  readonly agreeing: number;
  /** The first difference; present exactly when `differs`. */
  readonly first?: Difference | undefined;
}

/** A place where two predictions differ. */
export interface Difference {
  /** As `predictions[0][3]`. */
  readonly path: string;
  /** The value as JSON, truncated; `nothing` when it is absent. */
  readonly value: string;
  readonly expected: string;
  /** Absolute difference of two numbers. */
  readonly difference?: number | undefined;
}

/** Predictions are nested as deeply as their tensors have dimensions: deeper values are not compared and count as different. */
const maxDepth = 64;
const maxCharacters = 80;

/**
 * Parses a prediction's JSON. TensorFlow Serving writes `NaN` and `Infinity` as bare words, which JSON does not allow:
 * they become strings. Throws a SyntaxError.
 */
export function parsedAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const quoted = text.replace(/"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)\b/g, (part) =>
      part.startsWith('"') ? part : `"${part}"`,
    );
    return JSON.parse(quoted);
  }
}

/**
 * Compares two parsed responses of `:predict` or `/infer`: only the predictions, not the model's name and version or
 * the request's id. Two numbers differ when their distance exceeds `tolerance` times the larger magnitude, or
 * `tolerance` if both are below 1.
 */
export function divergence(answer: unknown, expected: unknown, tolerance: number): Divergence {
  const comparison: Comparison = {
    tolerance,
    maxAbsolute: 0,
    sumAbsolute: 0,
    numbers: 0,
    ranked: 0,
    agreeing: 0,
    first: undefined,
  };
  compare(comparison, {
    value: predictions(answer),
    expected: predictions(expected),
    path: "",
    isRow: false,
    depth: 0,
  });
  const { maxAbsolute, sumAbsolute, numbers, ranked, agreeing, first } = comparison;
  const figures = { maxAbsolute, sumAbsolute, numbers, ranked, agreeing };
  return first === undefined ? { differs: false, ...figures } : { differs: true, ...figures, first };
}

/** Results so far. */
interface Comparison {
  readonly tolerance: number;
  maxAbsolute: number;
  sumAbsolute: number;
  numbers: number;
  ranked: number;
  agreeing: number;
  first: Difference | undefined;
}

/** A value, the expected one, and where they are. */
interface Pair {
  readonly value: unknown;
  readonly expected: unknown;
  readonly path: string;
  /** Inside an array. The outermost array is the batch, whose indices have no meaning as classes. */
  readonly isRow: boolean;
  readonly depth: number;
}

function compare(comparison: Comparison, pair: Pair): void {
  const { value, expected, depth } = pair;
  if (typeof value === "number" && typeof expected === "number") compareNumbers(comparison, pair, value, expected);
  else if (Array.isArray(value) && Array.isArray(expected) && depth < maxDepth)
    compareLists(comparison, pair, value, expected);
  else if (isObject(value) && isObject(expected) && depth < maxDepth) compareObjects(comparison, pair, value, expected);
  else if (value !== expected) differ(comparison, pair);
}

function compareNumbers(comparison: Comparison, pair: Pair, value: number, expected: number): void {
  const difference = Math.abs(value - expected);
  comparison.numbers += 1;
  comparison.sumAbsolute += difference;
  comparison.maxAbsolute = Math.max(comparison.maxAbsolute, difference);
  if (difference > comparison.tolerance * Math.max(1, Math.abs(value), Math.abs(expected)))
    differ(comparison, pair, difference);
}

function compareLists(
  comparison: Comparison,
  pair: Pair,
  values: readonly unknown[],
  expected: readonly unknown[],
): void {
  if (values.length !== expected.length) {
    differ(comparison, pair);
    return;
  }
  if (pair.isRow && values.length > 1 && values.every(isNumber) && expected.every(isNumber)) {
    comparison.ranked += 1;
    if (indexOfLargest(values) === indexOfLargest(expected)) comparison.agreeing += 1;
  }
  for (const [index, value] of values.entries()) {
    const path = `${pair.path}[${index}]`;
    compare(comparison, { value, expected: expected[index], path, isRow: true, depth: pair.depth + 1 });
  }
}

function compareObjects(comparison: Comparison, pair: Pair, value: object, expected: object): void {
  const values = new Map<string, unknown>(Object.entries(value));
  const wanted = new Map<string, unknown>(Object.entries(expected));
  for (const name of new Set([...wanted.keys(), ...values.keys()])) {
    const path = pair.path === "" ? name : `${pair.path}.${name}`;
    const { isRow, depth } = pair;
    compare(comparison, { value: values.get(name), expected: wanted.get(name), path, isRow, depth: depth + 1 });
  }
}

function differ(comparison: Comparison, { path, value, expected }: Pair, difference?: number): void {
  comparison.first ??= {
    path: path === "" ? "the answer" : path,
    value: shown(value),
    expected: shown(expected),
    ...(difference === undefined ? {} : { difference }),
  };
}

/** The members that hold predictions; the whole response when it has none. */
function predictions(answer: unknown): unknown {
  if (!isObject(answer)) return answer;
  const members = new Map<string, unknown>(Object.entries(answer));
  for (const name of ["predictions", "outputs", "results"]) {
    if (members.has(name)) return { [name]: reshapedTensors(members.get(name)) };
  }
  return answer;
}

/** The Open Inference Protocol lists tensors with flat data: returns them by name, reshaped. */
function reshapedTensors(outputs: unknown): unknown {
  if (!Array.isArray(outputs) || outputs.length === 0) return outputs;
  const tensors = outputs.map(
    (output: unknown) => new Map<string, unknown>(isObject(output) ? Object.entries(output) : []),
  );
  if (!tensors.every((tensor) => typeof tensor.get("name") === "string" && Array.isArray(tensor.get("shape"))))
    return outputs;
  return Object.fromEntries(
    tensors.map((tensor) => [
      String(tensor.get("name")),
      { datatype: tensor.get("datatype"), shape: shown(tensor.get("shape")), data: reshaped(tensor) },
    ]),
  );
}

function reshaped(tensor: ReadonlyMap<string, unknown>): unknown {
  const data = tensor.get("data");
  const sizes = tensor.get("shape");
  if (!Array.isArray(data) || !Array.isArray(sizes) || !sizes.every(isNumber)) return data;
  if (sizes.length < 2 || sizes.reduce((product, size) => product * size, 1) !== data.length) return data;
  let rows: readonly unknown[] = data;
  for (const size of sizes.slice(1).toReversed()) rows = chunks(rows, size);
  return rows;
}

function chunks(values: readonly unknown[], size: number): readonly unknown[] {
  if (size === 0) return values;
  return Array.from({ length: values.length / size }, (_row, index) => values.slice(index * size, (index + 1) * size));
}

function indexOfLargest(values: readonly number[]): number {
  let largest = 0;
  for (const [index, value] of values.entries()) if (value > (values[largest] ?? value)) largest = index;
  return largest;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  return abbreviated(JSON.stringify(truncated(value, { left: maxCharacters })), maxCharacters);
}

/**
 * The part of a value that `shown` shows, where each part takes at least one character: predictions may have
 * millions of numbers.
 */
function truncated(value: unknown, budget: { left: number }): unknown {
  budget.left -= 1;
  if (typeof value === "string") return value.slice(0, maxCharacters);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const inner of value) if (budget.left > 0) items.push(truncated(inner, budget));
    return items;
  }
  const members: [string, unknown][] = [];
  for (const [name, inner] of Object.entries(value))
    if (budget.left > 0) members.push([name, truncated(inner, budget)]);
  return Object.fromEntries(members);
}
