import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { distance, fixture, predict, predictions } from "../local/client/predict.ts";

/** Two trainings of one network: same signature, different predictions. */
export const first = fixture("simple_model/v1");
const second = fixture("simple_model/v2");

const files = {
  "first.h5": [first, "model.h5"],
  "second.keras": [second, "model.keras"],
  "renamed.h5": [fixture("simple_model/renamed"), "model.h5"],
  "wide.h5": [fixture("simple_model/wide"), "model.h5"],
} as const;

/** A file of `copyModels`. */
export type ModelFile = keyof typeof files;

/** Copies the models into a folder. */
export function copyModels(folder: string): void {
  for (const [name, [{ folder: from }, file]] of Object.entries(files))
    copyFileSync(join(from, file), join(folder, name));
}

/** Number of the model that answers requests; undefined for neither. */
export async function servingModel(restUrl: string): Promise<1 | 2 | undefined> {
  const rows = predictions(await predict(restUrl, "digits", first.instances));
  if (distance(rows, first.probabilities) < 1e-3) return 1;
  const other = predictions(await predict(restUrl, "digits", second.instances));
  return distance(other, second.probabilities) < 1e-3 ? 2 : undefined;
}
