import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "..", "fixtures", "digits");

/** The digits model, in base64 for the `binaryData` of a ConfigMap. */
export function digitsModel(): string {
  return readFileSync(join(folder, "model.h5")).toString("base64");
}

/** TensorFlow's answer to the fixture's first input: the probabilities of the ten digits with three decimals. */
export function digitsExpected(): readonly string[] {
  return rounded(fixture().outputs[0].data.slice(0, 10));
}

/** Body of a predict request with that input. */
export function digitsRequest(): string {
  return JSON.stringify({ instances: [fixture().inputs[0].data.slice(0, 64)] });
}

/** Sends `digitsRequest` to TensorFlow Serving's REST API; the answer is in the form of `digitsExpected`. Throws on an error status. */
export async function digitsAnswer(url: string): Promise<readonly string[]> {
  const response = await fetch(url, { method: "POST", body: digitsRequest() });
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
  // The predict response of that API.
  const { predictions } = (await response.json()) as { predictions: [number[]] };
  return rounded(predictions[0]);
}

interface Fixture {
  readonly inputs: readonly [{ readonly data: readonly number[] }];
  readonly outputs: readonly [{ readonly data: readonly number[] }];
}

function fixture(): Fixture {
  return JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Fixture; // written with the model
}

function rounded(values: readonly number[]): readonly string[] {
  return values.map((value) => value.toFixed(3));
}
