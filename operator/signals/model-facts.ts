import type { Clock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import type { Log } from "../../runtime/base/log.ts";
import { type ModelFacts, modelStates } from "../../runtime/contract/model-facts.ts";
import { adminPaths } from "../../runtime/contract/paths.ts";
import { ports } from "../../runtime/contract/ports.ts";
import { decodedSignatures } from "./trials/decoded-signatures.ts";
import { pulledText } from "./pulled-text.ts";

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

function modelFacts(value: unknown): ModelFacts {
  const members = new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
  const text = (name: string): string => {
    const member: unknown = members.get(name);
    if (typeof member !== "string") throw new Error(`${name} is no text`);
    return member.slice(0, 1024);
  };
  const note: unknown = members.get("note");
  const bytes: unknown = members.get("bytes");
  if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < 0) throw new Error("bytes is no size");
  const signatures = decodedSignatures(members.get("signatures"));
  const state = modelStates.find((known) => known === text("state"));
  if (state === undefined) throw new Error(`state ${text("state")} is unknown`);
  return {
    name: text("name"),
    version: text("version"),
    state,
    format: text("format"),
    engine: text("engine"),
    ...(typeof note === "string" ? { note: note.slice(0, 1024) } : {}),
    digest: text("digest"),
    bytes,
    signature: text("signature"),
    ...(signatures === undefined ? {} : { signatures }),
  };
}
