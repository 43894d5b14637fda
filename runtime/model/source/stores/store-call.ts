import { Fault } from "../../../base/fault.ts";
import { faults as modelFaults } from "../../faults.ts";
import { faults } from "../faults.ts";
import { certificateFault } from "./certificates.ts";
import type { Setback } from "./store.ts";

/** What a failed call to a store comes to: a Fault when asking again cannot help, else a failure that may pass. */
function judgedFailure(shown: string, thrown: unknown): Fault | Setback {
  if (thrown instanceof Fault) return thrown;
  const status = statusOf(thrown);
  if (status === 404) return modelFaults.ModelNotFound({ place: shown }, thrown);
  const words = wordsOf(thrown);
  if (status === 400 || status === 401 || status === 403) {
    return faults.SourceRefused({ url: shown, status, ...(words === undefined ? {} : { said: words }) }, thrown);
  }
  if (status === 412 || status === 416)
    return { reason: `it answered ${status}: it has changed meanwhile`, startsAnew: true };
  const refused = certificateFault(shown, thrown);
  if (refused !== undefined) return refused;
  const known = words ?? "it does not say why";
  return { reason: status === undefined ? known : `it answered ${status}: ${known}` };
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

const maxWords = 200;
/** What clients say when the server said nothing that they understand; what `fetch` says has its cause in another error. */
const empty = /^(?:|UnknownError|RestError|fetch failed|Multiple errors occurred .*)$/;

/** The first line of the reason: what follows are numbers of requests and pages of HTML. */
function wordsOf(thrown: unknown): string | undefined {
  if (!isObject(thrown)) return String(thrown);
  const [line = ""] = String(Reflect.get(thrown, "message") ?? "")
    .trim()
    .split("\n");
  const cause: unknown = Reflect.get(thrown, "cause");
  if (empty.test(line)) return isObject(cause) ? wordsOf(cause) : undefined;
  const words = line.replace(/\.? URL: .*$/, "");
  return words.length > maxWords ? `${words.slice(0, maxWords)}…` : words;
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
