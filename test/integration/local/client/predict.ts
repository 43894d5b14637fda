import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fixtureFolder } from "../../../fixtures/archive.ts";

/** A response of the REST API. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Sends a predict request to TensorFlow Serving's REST API. */
export async function predict(restUrl: string, model: string, instances: unknown): Promise<Answer> {
  const response = await fetch(`${restUrl}/v1/models/${model}:predict`, {
    method: "POST",
    body: JSON.stringify({ instances }),
    signal: AbortSignal.timeout(60_000),
  });
  return { status: response.status, body: await response.json() };
}

/** The rows of `{"predictions": [[…], …]}`. Throws for any other answer. */
export function predictions({ status, body }: Answer): readonly (readonly number[])[] {
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return (body as { predictions: readonly (readonly number[])[] }).predictions; // the models of these tests have one output of rows
}

/** The versions that the status endpoint lists as AVAILABLE. */
export async function versions(restUrl: string, model: string): Promise<readonly string[]> {
  const response = await fetch(`${restUrl}/v1/models/${model}`);
  const body = (await response.json()) as {
    model_version_status?: readonly { version: string; state: string }[];
  }; // TensorFlow Serving's GetModelStatusResponse
  return (body.model_version_status ?? []).filter(({ state }) => state === "AVAILABLE").map(({ version }) => version);
}

/** A model of the fixtures with inputs and Keras's predictions for them. */
export interface Fixture {
  readonly folder: string;
  readonly instances: readonly (readonly number[])[];
  readonly probabilities: readonly (readonly number[])[];
}

/** Reads a fixture such as `simple_model/v1`. */
export function fixture(model: string): Fixture {
  const folder = join(fixtureFolder("keras-models"), model);
  const { inputs, outputs } = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Expected; // own test data
  return { folder, instances: rows(inputs[0]), probabilities: rows(outputs[0]) };
}

interface Tensor {
  readonly data: readonly number[];
  readonly shape: readonly [number, number];
}

interface Expected {
  readonly inputs: readonly [Tensor];
  readonly outputs: readonly [Tensor];
}

function rows({ data, shape: [count, width] }: Tensor): readonly (readonly number[])[] {
  return Array.from({ length: count }, (_, row) => data.slice(row * width, (row + 1) * width));
}

/** The largest absolute difference of two tables; NaN if their shapes differ. */
export function distance(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  if (a.length !== b.length) return Number.NaN;
  return Math.max(
    ...a.map((row, i) =>
      row.length === b[i]?.length
        ? Math.max(...row.map((value, j) => Math.abs(value - (b[i]?.[j] ?? Number.NaN))))
        : Number.NaN,
    ),
  );
}
