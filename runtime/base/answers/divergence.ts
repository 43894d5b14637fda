/** How the answer of one revision differs from that of another to the same request, or from an expected one. */
export interface Divergence {
  /** Some number is beyond the tolerance, or shape, type or text differ. */
  readonly isDiffering: boolean;
  /** Over pairs of finite numbers, also those within the tolerance. */
  readonly maxAbsolute: number;
  readonly sumAbsolute: number;
  readonly numbers: number;
  /** Rows with more than one number, and of these those whose largest number is at the same place. */
  readonly ranked: number;
  readonly agreeing: number;
  /** The first place that makes them differ; there exactly when they do. */
  readonly first?: Difference | undefined;
}

/** One place where two answers differ. */
export interface Difference {
  /** As `predictions[0][3]`. */
  readonly path: string;
  /** JSON of what is there, shortened; `nothing` when it is absent. */
  readonly value: string;
  readonly expected: string;
  /** Of two numbers. */
  readonly difference?: number | undefined;
}

/** Answers are nested as deep as their tensors have dimensions: what is deeper than this is not looked into and differs. */
const deepest = 64;
const shownCharacters = 80;

/**
 * The value of an answer's JSON. TensorFlow Serving writes `NaN` and `Infinity` as bare words, which JSON does not have: they become
 * texts here. Throws a SyntaxError.
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
 * Compares two answers of `:predict` or `/infer`, each as parsed: the predictions, not the names and numbers of the model and the
 * request that stand beside them. Two numbers differ when they are further apart than `tolerance` times the larger one, or than
 * `tolerance` where both are below 1.
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
  return first === undefined ? { isDiffering: false, ...figures } : { isDiffering: true, ...figures, first };
}

/** What is found on the way. */
interface Comparison {
  readonly tolerance: number;
  maxAbsolute: number;
  sumAbsolute: number;
  numbers: number;
  ranked: number;
  agreeing: number;
  first: Difference | undefined;
}

/** One value, its counterpart, and where they are. */
interface Pair {
  readonly value: unknown;
  readonly expected: unknown;
  readonly path: string;
  /** Inside an array: the outermost one is the batch, in which places mean nothing. */
  readonly isRow: boolean;
  readonly depth: number;
}

function compare(comparison: Comparison, pair: Pair): void {
  const { value, expected, depth } = pair;
  if (typeof value === "number" && typeof expected === "number") compareNumbers(comparison, pair, value, expected);
  else if (Array.isArray(value) && Array.isArray(expected) && depth < deepest)
    compareLists(comparison, pair, value, expected);
  else if (isObject(value) && isObject(expected) && depth < deepest) compareObjects(comparison, pair, value, expected);
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
    if (largestAt(values) === largestAt(expected)) comparison.agreeing += 1;
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

/** The members that hold predictions; the whole answer when it has none of them. */
function predictions(answer: unknown): unknown {
  if (!isObject(answer)) return answer;
  const members = new Map<string, unknown>(Object.entries(answer));
  for (const name of ["predictions", "outputs", "results"]) {
    if (members.has(name)) return { [name]: namedTensors(members.get(name)) };
  }
  return answer;
}

/** The Open Inference Protocol lists tensors, each with its numbers in one row: by name, and as its shape says. */
function namedTensors(outputs: unknown): unknown {
  if (!Array.isArray(outputs) || outputs.length === 0) return outputs;
  const tensors = outputs.map(
    (output: unknown) => new Map<string, unknown>(isObject(output) ? Object.entries(output) : []),
  );
  if (!tensors.every((tensor) => typeof tensor.get("name") === "string" && Array.isArray(tensor.get("shape"))))
    return outputs;
  return Object.fromEntries(
    tensors.map((tensor) => [
      String(tensor.get("name")),
      { datatype: tensor.get("datatype"), shape: shown(tensor.get("shape")), data: shaped(tensor) },
    ]),
  );
}

function shaped(tensor: ReadonlyMap<string, unknown>): unknown {
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

function largestAt(values: readonly number[]): number {
  let at = 0;
  for (const [index, value] of values.entries()) if (value > (values[at] ?? value)) at = index;
  return at;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(beginning(value, { left: shownCharacters }));
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}…`;
}

/** As much of a value as is shown of it, each part taking at least one character: an answer may have millions of numbers. */
function beginning(value: unknown, room: { left: number }): unknown {
  room.left -= 1;
  if (typeof value === "string") return value.slice(0, shownCharacters);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const shownValues: unknown[] = [];
    for (const inner of value) if (room.left > 0) shownValues.push(beginning(inner, room));
    return shownValues;
  }
  const shownMembers: [string, unknown][] = [];
  for (const [name, inner] of Object.entries(value))
    if (room.left > 0) shownMembers.push([name, beginning(inner, room)]);
  return Object.fromEntries(shownMembers);
}
