import type { Clock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import type { Log } from "../../runtime/base/log.ts";
import { type ModelFacts, modelStates } from "../../runtime/contract/model-facts.ts";
import { adminPaths } from "../../runtime/contract/paths.ts";
import { ports } from "../../runtime/contract/ports.ts";
import { decodedSignatures } from "./trials/decoded-signatures.ts";
import { pulledText } from "./pulled-text.ts";
import { oneOf, text, wholeNumber, wrongMember } from "./wrong-member.ts";

/** What ready runtimes say about their models. */
export interface ModelFactsSource {
  /** What the pod said; undefined when it was not asked yet or gave no good answer. */
  facts(podUid: string): ModelFacts | undefined;
  /** Asks the pod, again and again until it gives a good answer, unless it is asked already; `onFacts` is told then. Returns at once. */
  ask(pod: { readonly uid: string; readonly address: string }, onFacts: () => void): void;
  /** The pod is gone. */
  forget(podUid: string): void;
}

const timeoutMs = 2_000;
const limitBytes = 1_048_576;
/** A pod that gave no good answer is asked again after this, then after twice as long each time. */
const firstRetryMs = 10_000;
const lastRetryMs = 300_000;

interface Asked {
  facts?: ModelFacts;
}

/** A source that pulls from the pods' admin ports. A failure is harmless: status does without, for a while. */
export function createModelFactsSource({ clock, log }: { clock: Clock; log: Log }): ModelFactsSource {
  const asked = new Map<string, Asked>();
  const pull = async (address: string, isWanted: () => boolean): Promise<ModelFacts | undefined> => {
    for (let retryMs = firstRetryMs; isWanted(); retryMs = Math.min(2 * retryMs, lastRetryMs)) {
      try {
        return await pulledFacts(address);
      } catch (thrown) {
        log.debug("no facts from pod", { address, cause: Fault.from(thrown).message });
      }
      await new Promise<void>((resolve) => void clock.after(retryMs, resolve));
    }
    return undefined;
  };
  return {
    facts: (podUid) => asked.get(podUid)?.facts,
    forget: (podUid) => void asked.delete(podUid),
    ask({ uid, address }, onFacts) {
      if (asked.has(uid)) return;
      const own: Asked = {};
      asked.set(uid, own);
      const isWanted = (): boolean => asked.get(uid) === own;
      void pull(address, isWanted).then((facts) => {
        if (facts === undefined || !isWanted()) return;
        own.facts = facts;
        onFacts();
      });
    },
  };
}

/** Asks a pod, once; rejects when it gives no good answer. */
export async function pulledFacts(host: string, signal?: AbortSignal): Promise<ModelFacts> {
  const { admin: port } = ports;
  return modelFacts(
    JSON.parse(await pulledText({ host, port, path: adminPaths.model, timeoutMs, limitBytes, signal })),
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

/** A text that is longer says no more to anybody. */
function cut(told: string): string {
  return told.slice(0, 1024);
}

function modelFacts(value: unknown): ModelFacts {
  const wrong = wrongMember(Object(value), kinds);
  if (wrong !== undefined) throw new Error(`the answer ${wrong}`);
  const { name, version, state, format, engine, note, digest, bytes, signature, ...told } = value as ModelFacts; // checked above
  const signatures = decodedSignatures(told.signatures);
  return {
    name: cut(name),
    version: cut(version),
    state,
    format: cut(format),
    engine: cut(engine),
    ...(typeof note === "string" ? { note: cut(note) } : {}),
    digest: cut(digest),
    bytes,
    signature: cut(signature),
    ...(signatures === undefined ? {} : { signatures }),
  };
}
