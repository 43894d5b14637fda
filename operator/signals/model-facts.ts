import { backoffDelayMs, type BackoffPolicy } from "../../runtime/base/backoff.ts";
import type { Clock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import type { Log } from "../../runtime/base/log.ts";
import { type ModelFacts, modelStates } from "../../runtime/contract/model-facts.ts";
import { adminPaths } from "../../runtime/contract/paths.ts";
import { ports } from "../../runtime/contract/ports.ts";
import { decodedSignatures } from "./preflight/decoded-signatures.ts";
import { requestText } from "./http-client.ts";
import { oneOf, text, wholeNumber, validationError } from "./validation.ts";

/** Facts about models, from their runtimes. */
export interface ModelFactsSource {
  /** Facts from a pod; undefined when it was not asked yet or has not given a valid response. */
  facts(podUid: string): ModelFacts | undefined;
  /** Asks the pod, with retries until its response is valid, unless that is in progress; then calls `onFacts`. Returns at once. */
  ask(pod: { readonly uid: string; readonly address: string }, onFacts: () => void): void;
  /** The pod is gone. */
  forget(podUid: string): void;
}

const timeoutMs = 2_000;
const limitBytes = 1_048_576;
const retryBackoff: BackoffPolicy = { firstMs: 10_000, capMs: 300_000 };

interface Query {
  facts?: ModelFacts;
}

/** Creates a source that queries the pods' admin ports. A failure is harmless: status lacks the facts for a while. */
export function createModelFactsSource({ clock, log }: { clock: Clock; log: Log }): ModelFactsSource {
  const queries = new Map<string, Query>();
  const pull = async (address: string, isWanted: () => boolean): Promise<ModelFacts | undefined> => {
    for (let attempt = 0; isWanted(); attempt++) {
      try {
        return await fetchModelFacts(address);
      } catch (thrown) {
        log.debug("no facts from pod", { address, cause: Fault.from(thrown).message });
      }
      await new Promise<void>((resolve) => void clock.after(backoffDelayMs(retryBackoff, attempt), resolve));
    }
    return undefined;
  };
  return {
    facts: (podUid) => queries.get(podUid)?.facts,
    forget: (podUid) => void queries.delete(podUid),
    ask({ uid, address }, onFacts) {
      if (queries.has(uid)) return;
      const own: Query = {};
      queries.set(uid, own);
      const isWanted = (): boolean => queries.get(uid) === own;
      void pull(address, isWanted).then((facts) => {
        if (facts === undefined || !isWanted()) return;
        own.facts = facts;
        onFacts();
      });
    },
  };
}

/** Asks a pod once; rejects when there is no valid response. */
export async function fetchModelFacts(host: string, signal?: AbortSignal): Promise<ModelFacts> {
  const { admin: port } = ports;
  return modelFacts(
    JSON.parse(await requestText({ host, port, path: adminPaths.model, timeoutMs, limitBytes, signal })),
  );
}

const kinds = {
  name: text,
  version: text,
  state: oneOf(modelStates),
  format: text,
  engine: text,
  digest: text,
  bytes: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  signature: text,
} as const;

/** Limits a text of a pod to what is useful. */
function truncated(others: string): string {
  return others.slice(0, 1024);
}

function modelFacts(value: unknown): ModelFacts {
  const wrong = validationError(Object(value), kinds);
  if (wrong !== undefined) throw new Error(`the answer ${wrong}`);
  const { name, version, state, format, engine, note, digest, bytes, signature, ...others } = value as ModelFacts; // checked above
  const signatures = decodedSignatures(others.signatures);
  return {
    name: truncated(name),
    version: truncated(version),
    state,
    format: truncated(format),
    engine: truncated(engine),
    ...(typeof note === "string" ? { note: truncated(note) } : {}),
    digest: truncated(digest),
    bytes,
    signature: truncated(signature),
    ...(signatures === undefined ? {} : { signatures }),
  };
}
