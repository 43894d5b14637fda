import digit from "./example/digit.json" with { type: "json" };
import { Fault } from "../../runtime/base/fault.ts";

/** Where the demonstration sends its request. */
interface DemonstrationOptions {
  /** Base URL of the gateway. */
  readonly gatewayUrl: string;
  readonly model: string;
}

const side = 8;
const maxGrey = 16;
const shades = " .:-=+*#%@";
const timeoutMs = 30_000;

/** The pixels in the form that the model was trained on: 64 numbers from 0 to 1. */
const features = digit.pixels.map((grey) => grey / maxGrey);

/**
 * Sends one real digit, unseen in training, through the gateway. Returns the lines to print: the picture, the predicted class with
 * its probability, and the true class.
 */
export async function demonstration({ gatewayUrl, model }: DemonstrationOptions): Promise<readonly string[]> {
  const response = await fetch(`${gatewayUrl}/v1/models/${model}:predict`, {
    method: "POST",
    body: JSON.stringify({ instances: [features] }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer: unknown = await response.json();
  const probabilities = firstPrediction(answer);
  if (probabilities === undefined) throw Fault.from(new Error(`no prediction but ${JSON.stringify(answer)}`));
  const predicted = probabilities.indexOf(Math.max(...probabilities));
  const percent = ((probabilities[predicted] ?? 0) * 100).toFixed(1);
  return [...picture(), `predicted ${predicted} (${percent} %), true class ${digit.label}`];
}

/** A curl command that repeats the demonstration in another terminal. */
export function demonstrationCommand({ gatewayUrl, model }: DemonstrationOptions): string {
  return `curl -s ${gatewayUrl}/v1/models/${model}:predict -d '${JSON.stringify({ instances: [features] })}'`;
}

function picture(): readonly string[] {
  return Array.from({ length: side }, (_, row) =>
    digit.pixels
      .slice(row * side, (row + 1) * side)
      .map((grey) => (shades[Math.floor((grey * (shades.length - 1)) / maxGrey)] ?? " ").repeat(2))
      .join("")
      .trimEnd(),
  );
}

function firstPrediction(answer: unknown): readonly number[] | undefined {
  if (typeof answer !== "object" || answer === null || !("predictions" in answer)) return undefined;
  const { predictions } = answer;
  const first: unknown = Array.isArray(predictions) ? predictions[0] : undefined;
  return Array.isArray(first) && first.every((value) => typeof value === "number") ? first : undefined;
}
