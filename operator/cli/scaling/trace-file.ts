import { gunzipSync } from "node:zlib";
import { readFileSync } from "node:fs";

import { generatedTrace, generators, isGeneratorName } from "../../autoscale/simulator/generators.ts";
import { decodedTrace, type StoredTrace, type Trace } from "../../autoscale/simulator/trace.ts";
import { faults } from "../faults.ts";

/** The trace that a flag names: NAME or NAME:SEED of a generator, else a file. Throws `TraceUnreadable`. */
export function traceOf(text: string): Trace {
  const [name = "", seed = "1"] = text.split(":");
  if (isGeneratorName(name) && /^[0-9]{1,9}$/.test(seed)) return generatedTrace(name, Number(seed));
  return decodedTrace(stored(text));
}

const lists = ["arrivalDeltasMs", "serviceUnits"] as const;
const numbers = ["seconds", "warmupSeconds", "serviceUnitMs"] as const;

function stored(path: string): StoredTrace {
  const value = parsed(path);
  const missing =
    lists.find((name) => !Array.isArray(value[name])) ?? numbers.find((name) => typeof value[name] !== "number");
  if (missing !== undefined) throw unreadable(path, `it has no ${missing}`);
  return { name: path, ...value } as StoredTrace; // its fields are checked above
}

function parsed(path: string): Partial<StoredTrace> {
  try {
    const bytes = readFileSync(path);
    const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return Object(JSON.parse((isCompressed ? gunzipSync(bytes) : bytes).toString()));
  } catch (thrown) {
    throw unreadable(path, thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function unreadable(path: string, cause: string): Error {
  return faults.TraceUnreadable({ path, cause, generators: Object.keys(generators) });
}
