import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { hasTensorFlow } from "../../runtime/engines/tensorflow/addon.ts";
import { withMachineLock } from "../cluster/launch/machine-lock.ts";

const root = join(import.meta.dirname, "..", "..");

/** Builds the TensorFlow engine where it is not there yet, as a user would; why it cannot be had here, or undefined. */
export async function whyNoTensorFlow(): Promise<string | undefined> {
  try {
    await withMachineLock("tensorflow-engine", async () => {
      if (!hasTensorFlow()) await promisify(execFile)("npm", ["run", "build:tensorflow-engine"], { cwd: root });
    });
    return undefined;
  } catch (thrown) {
    const told = thrown instanceof Error && "stderr" in thrown ? String(thrown.stderr) : String(thrown);
    const line = told.split("\n").findLast((text) => text.startsWith("tensorflow engine: ")) ?? told.split("\n")[0];
    return `npm run build:tensorflow-engine fails here: ${line}`;
  }
}
