import { abbreviated, Fault } from "../../../base/fault.ts";
import { faults as modelFaults } from "../../faults.ts";
import { faults } from "../faults.ts";
import { certificateFault } from "./certificates.ts";
import type { TransientFailure } from "./store.ts";

/** Classifies an error of a store's client: a Fault when a retry cannot help, else a TransientFailure. */
function classified(displayUrl: string, thrown: unknown): Fault | TransientFailure {
  if (thrown instanceof Fault) return thrown;
  const status = statusOf(thrown);
  if (status === 404) return modelFaults.ModelNotFound({ place: displayUrl }, thrown);
  const message = messageOf(thrown);
  if (status === 400 || status === 401 || status === 403) {
    return faults.SourceRefused(
      { url: displayUrl, status, ...(message === undefined ? {} : { said: message }) },
      thrown,
    );
  }
  if (status === 412 || status === 416)
    return { reason: `it answered ${status}: it has changed meanwhile`, mustRestart: true };
  const refused = certificateFault(displayUrl, thrown);
  if (refused !== undefined) return refused;
  const shownMessage = message ?? "it does not say why";
  return { reason: status === undefined ? shownMessage : `it answered ${status}: ${shownMessage}` };
}

/** Runs a call to a store. Resolves to a TransientFailure when a retry may help; throws a Fault when it cannot. */
export async function callStore<Value>(
  displayUrl: string,
  call: () => Promise<Value>,
): Promise<Value | TransientFailure> {
  try {
    return await call();
  } catch (thrown) {
    const failure = classified(displayUrl, thrown);
    if (failure instanceof Fault) throw failure;
    return failure;
  }
}

const maxMessageLength = 200;
/** Messages of client libraries without information; the message of `fetch` is in its cause. */
const uninformative = /^(?:|UnknownError|RestError|fetch failed|Multiple errors occurred .*)$/;

/** The first line of the message: request ids and HTML pages follow. */
function messageOf(thrown: unknown): string | undefined {
  if (!isObject(thrown)) return String(thrown);
  const [line = ""] = String(Reflect.get(thrown, "message") ?? "")
    .trim()
    .split("\n");
  const cause: unknown = Reflect.get(thrown, "cause");
  if (uninformative.test(line)) return isObject(cause) ? messageOf(cause) : undefined;
  return abbreviated(line.replace(/\.? URL: .*$/, ""), maxMessageLength);
}

/** The HTTP status, which each client library has in another property. */
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
