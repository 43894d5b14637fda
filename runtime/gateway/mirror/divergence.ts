/** How far a copy's answer is from the one that the client got. Members as in `MirrorFigures`. */
export interface Divergence {
  /** Some number beyond the tolerance, another shape, another text, another output. */
  readonly isDiffering: boolean;
  readonly maxAbsolute: number;
  readonly sumAbsolute: number;
  readonly numbers: number;
  readonly ranked: number;
  readonly agreeing: number;
}

interface Tally {
  isDiffering: boolean;
  maxAbsolute: number;
  sumAbsolute: number;
  numbers: number;
  ranked: number;
  agreeing: number;
  readonly tolerance: number;
}

/**
 * Compares two answers of a prediction, as parsed from JSON: TensorFlow Serving's `predictions`, `outputs` or `results`, Open
 * Inference's `outputs` by name, shape and data. What names the server, the version or the request is left aside. `tolerance`:
 * largest difference of two numbers, relative to the larger one above 1, absolute below.
 */
export function divergence(client: unknown, copy: unknown, tolerance: number): Divergence {
  const tally: Tally = {
    isDiffering: false,
    maxAbsolute: 0,
    sumAbsolute: 0,
    numbers: 0,
    ranked: 0,
    agreeing: 0,
    tolerance,
  };
  compareValues(predicted(client), predicted(copy), tally);
  const { tolerance: _given, ...found } = tally;
  return found;
}

const members = ["predictions", "outputs", "results"] as const;

/** The part of an answer that a model computed. */
function predicted(answer: unknown): unknown {
  if (!isObject(answer)) return answer;
  const member = members.find((name) => name in answer);
  const value = member === undefined ? answer : answer[member];
  if (!Array.isArray(value) || !value.every(isTensor)) return value;
  return Object.fromEntries(value.map((tensor) => [tensor.name, rowsOf(tensor)]));
}

/** One of Open Inference's outputs. */
interface Tensor {
  readonly name: string;
  readonly shape: readonly unknown[];
  readonly data: readonly unknown[];
  readonly datatype?: unknown;
}

function isTensor(value: unknown): value is Tensor {
  return (
    isObject(value) &&
    typeof value["name"] === "string" &&
    Array.isArray(value["data"]) &&
    Array.isArray(value["shape"])
  );
}

/** Its data, which comes flat, in rows of its last dimension. */
function rowsOf({ shape, data, datatype }: Tensor): unknown {
  const last = Number(shape.at(-1));
  const isFlat = data.every((value) => !Array.isArray(value));
  if (!isFlat || shape.length < 2 || !(last > 0)) return { shape, datatype, data };
  const rows: unknown[] = [];
  for (let i = 0; i < data.length; i += last) rows.push(data.slice(i, i + last));
  return { shape, datatype, data: rows };
}

function compareValues(client: unknown, copy: unknown, tally: Tally): void {
  if (typeof client === "number" && typeof copy === "number") compareNumbers(client, copy, tally);
  else if (Array.isArray(client) && Array.isArray(copy)) compareLists(client, copy, tally);
  else if (isObject(client) && isObject(copy)) compareObjects(client, copy, tally);
  else if (client !== copy) tally.isDiffering = true;
}

function compareNumbers(client: number, copy: number, tally: Tally): void {
  const absolute = Math.abs(client - copy);
  tally.numbers += 1;
  tally.sumAbsolute += absolute;
  if (absolute > tally.maxAbsolute) tally.maxAbsolute = absolute;
  if (absolute > tally.tolerance * Math.max(1, Math.abs(client), Math.abs(copy))) tally.isDiffering = true;
}

function compareLists(client: readonly unknown[], copy: readonly unknown[], tally: Tally): void {
  if (client.length !== copy.length) {
    tally.isDiffering = true;
    return;
  }
  if (client.length > 1 && isNumbers(client) && isNumbers(copy)) {
    tally.ranked += 1;
    if (largestAt(client) === largestAt(copy)) tally.agreeing += 1;
  }
  client.forEach((value, i) => compareValues(value, copy[i], tally));
}

type Members = Readonly<Record<string, unknown>>;

function compareObjects(client: Members, copy: Members, tally: Tally): void {
  const names = Object.keys(client);
  if (names.length !== Object.keys(copy).length || !names.every((name) => name in copy)) {
    tally.isDiffering = true;
    return;
  }
  for (const name of names) {
    // A shape is no prediction: it is the same or it is not.
    if (name === "shape") {
      if (JSON.stringify(client[name]) !== JSON.stringify(copy[name])) tally.isDiffering = true;
    } else compareValues(client[name], copy[name], tally);
  }
}

function isNumbers(values: readonly unknown[]): values is readonly number[] {
  return values.every((value) => typeof value === "number");
}

/** Index of the largest number; of equal ones the first. */
function largestAt(values: readonly number[]): number {
  let at = 0;
  for (let i = 1; i < values.length; i += 1) if ((values[i] ?? 0) > (values[at] ?? 0)) at = i;
  return at;
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
