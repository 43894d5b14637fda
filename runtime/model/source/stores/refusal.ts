import { Fault } from "../../../base/fault.ts";
import { faults as modelFaults } from "../../faults.ts";
import { faults } from "../faults.ts";
import type { Setback } from "./store.ts";

/** What a failed call to a store comes to: a Fault when asking again cannot help, else a failure that may pass. */
function judgedFailure(shown: string, thrown: unknown): Fault | Setback {
  if (thrown instanceof Fault) return thrown;
  const status = statusOf(thrown);
  if (status === 404) return modelFaults.ModelNotFound({ place: shown }, thrown);
  if (status === 400 || status === 401 || status === 403) return faults.SourceRefused({ url: shown, status }, thrown);
  const words = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  return { reason: status === undefined ? words : `it answered ${status}: ${words}` };
}

/** Runs a call and turns what it throws as `judgedFailure` says. */
export async function judged<Value>(shown: string, call: () => Promise<Value>): Promise<Value | Setback> {
  try {
    return await call();
  } catch (thrown) {
    const failure = judgedFailure(shown, thrown);
    if (failure instanceof Fault) throw failure;
    return failure;
  }
}

/** Each client library says it in a place of its own. */
function statusOf(thrown: unknown): number | undefined {
  for (const path of [["$metadata", "httpStatusCode"], ["statusCode"], ["status"], ["code"]]) {
    const status = path.reduce<unknown>(
      (value, key) => (isObject(value) ? Reflect.get(value, key) : undefined),
      thrown,
    );
    if (typeof status === "number") return status;
  }
  return undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
