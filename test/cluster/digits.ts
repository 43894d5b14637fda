import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "..", "fixtures", "digits");

/** A model file, base64 as ConfigMaps carry it. */
export function digitsModel(): string {
  return readFileSync(join(folder, "model.h5")).toString("base64");
}

/** Probabilities of the ten digits with three decimals: what TensorFlow answered to the first of the fixture's inputs. */
export function digitsExpected(): readonly string[] {
  return rounded(fixture().outputs[0].data.slice(0, 10));
}

/** Body of a predict request with that input. */
export function digitsRequest(): string {
  return JSON.stringify({ instances: [fixture().inputs[0].data.slice(0, 64)] });
}

/** Asks a model of the fixture by TensorFlow Serving's REST API, as in `digitsExpected`. Throws when it is refused. */
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
