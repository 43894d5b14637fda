import type { Clock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import type { Log } from "../../runtime/base/log.ts";
import type { ModelFacts, SignatureFacts } from "../../runtime/contract/model-facts.ts";
import type { Trial } from "../analysis/evidence.ts";
import { trialFaults } from "../analysis/faults.ts";
import { signatureChanges, toldSignature } from "../analysis/signature.ts";
import type { Client } from "../kube/client.ts";
import type { ConfigMap } from "../kube/kinds.ts";
import { resources } from "../kube/resources.ts";
import { pulledFacts } from "./model-facts.ts";
import {
  goldenFailure,
  type GoldenRequest,
  goldenRequests,
  type GoldenSource,
  recordedGoldenRequests,
  type Replay,
} from "./trials/golden-requests.ts";

/** What is asked of a candidate before it gets any request. */
export interface TrialQuestion {
  /** Key of the ModelDeployment. */
  readonly key: string;
  readonly namespace: string;
  /** The candidate. */
  readonly hash: string;
  /** Address of one of its ready pods. */
  readonly candidate: string;
  /** The stable revision: address of a ready pod, and what status tells of its signature. */
  readonly stable: { readonly address?: string | undefined; readonly signature?: string | undefined };
  /** Its signature may be any. */
  readonly isAnySignatureAllowed: boolean;
  readonly golden?: GoldenSource | undefined;
}

/** Runs the trial of each candidate once. */
export interface TrialSource {
  /** Undefined before it was asked for. */
  trial(key: string, hash: string): Trial | undefined;
  /**
   * Starts a trial, or starts it again if the question has changed. `onTrial` is called at each change of its state. Returns at once.
   */
  ask(question: TrialQuestion, onTrial: () => void): void;
  /** The candidate is gone, or has become the stable revision. */
  forget(key: string): void;
  /** Gives up all that is under way. */
  stop(): void;
}

/** What trials need. */
export interface TrialSourceOptions {
  readonly client: Pick<Client, "get">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Delays between attempts that failed because a pod or the API server did not answer. */
const firstRetryMs = 1_000;
const lastRetryMs = 30_000;
/** A ready pod that does not report its signature is behind a network policy or not one of ours: it is not waited for longer. */
const signatureTries = 3;
/** Status keeps little more; names of tensors may be of any length. */
const maxMessage = 2_000;

interface Tried {
  readonly hash: string;
  /** What is asked, without addresses: when it changes, the trial starts again. */
  readonly terms: string;
  question: TrialQuestion;
  trial: Trial;
  /** Cancels its requests. */
  readonly ending: AbortController;
}

/** One trial for each ModelDeployment. A trial that cannot be finished is tried again until it is forgotten. */
export function createTrialSource(options: TrialSourceOptions): TrialSource {
  const { client, clock, log } = options;
  const byKey = new Map<string, Tried>();
  const play = async (tried: Tried, onTrial: () => void): Promise<void> => {
    const isWanted = (): boolean => byKey.get(tried.question.key) === tried;
    const tell = (told: Trial): void => {
      const message = told.message.slice(0, maxMessage);
      if (!isWanted() || message === tried.trial.message) return;
      tried.trial = { ...told, message };
      onTrial();
    };
    for (let attempt = 1, waitMs = firstRetryMs; isWanted(); attempt += 1, waitMs = Math.min(2 * waitMs, lastRetryMs)) {
      try {
        const { signal } = tried.ending;
        tell(await outcome(tried.question, attempt, { client, signal }));
        return;
      } catch (thrown) {
        const { sentence } = Fault.from(thrown);
        log.debug("a candidate could not be tried", { key: tried.question.key, hash: tried.hash, cause: sentence });
        tell({ state: "Running", message: `the candidate could not be tried yet: ${sentence}` });
      }
      await new Promise<void>((resolve) => void clock.after(waitMs, resolve));
    }
  };
  const forget = (key: string): void => {
    byKey.get(key)?.ending.abort();
    byKey.delete(key);
  };
  return {
    trial(key, hash) {
      const tried = byKey.get(key);
      return tried?.hash === hash ? tried.trial : undefined;
    },
    ask(question, onTrial) {
      const { key, hash, isAnySignatureAllowed, golden } = question;
      const terms = JSON.stringify([isAnySignatureAllowed, golden]);
      const known = byKey.get(key);
      if (known?.hash === hash && known.terms === terms) {
        known.question = question;
        return;
      }
      const message = golden === undefined ? "its signature is compared" : "golden requests are sent to it";
      forget(key);
      const tried: Tried = {
        hash,
        terms,
        question,
        trial: { state: "Running", message },
        ending: new AbortController(),
      };
      byKey.set(key, tried);
      void play(tried, onTrial);
    },
    forget,
    stop() {
      for (const key of byKey.keys()) forget(key);
    },
  };
}

/** What a trial reaches API server and pods with. */
interface Reach {
  readonly client: TrialSourceOptions["client"];
  readonly signal: AbortSignal;
}

/** The result of a trial; rejects while it cannot be determined. */
async function outcome(question: TrialQuestion, attempt: number, { client, signal }: Reach): Promise<Trial> {
  const { golden } = question;
  const requests = golden && (await requestsOf(question, golden, { client, signal }));
  const facts = await factsOf(question.candidate, signal, requests === undefined && attempt >= signatureTries);
  const { address } = question.stable;
  const isLast = attempt >= signatureTries;
  let pulled: Promise<ModelFacts | undefined> | undefined;
  const stableFacts = async (): Promise<ModelFacts | undefined> => {
    if (address !== undefined) pulled ??= factsOf(address, signal, isLast);
    return pulled;
  };
  const signature = await signatureTrial(question, facts, stableFacts);
  if (signature.state === "Failed" || golden === undefined || requests === undefined || facts === undefined)
    return signature;
  const stableModel = (await stableFacts())?.name;
  const replay = { model: facts.name, stableModel, tolerance: golden.tolerance, signal };
  const failed = await firstFailure(question, requests, replay);
  if (failed !== undefined) return { state: "Failed", reason: "PredictionsDiffer", message: failed.sentence };
  const count = requests.length === 1 ? "1 golden request" : `${requests.length} golden requests`;
  return { state: "Passed", message: `${signature.message}; ${count} answered as expected` };
}

async function requestsOf(
  { key, namespace, stable: { address } }: TrialQuestion,
  { configMap }: GoldenSource,
  { client, signal }: Reach,
): Promise<readonly GoldenRequest[]> {
  if (configMap !== undefined) {
    const { name } = configMap;
    return goldenRequests(await client.get<ConfigMap>(resources.configMaps, { namespace, name }), configMap);
  }
  if (address === undefined) throw trialFaults.StablePodMissing({ model: key });
  return recordedGoldenRequests(address, signal);
}

/** The facts of a pod that answers; when none come, rejects or, at the last attempt, resolves to undefined. */
async function factsOf(address: string, signal: AbortSignal, isLast: boolean): Promise<ModelFacts | undefined> {
  try {
    return await pulledFacts(address, signal);
  } catch (thrown) {
    if (!isLast) throw Fault.from(thrown);
    return undefined;
  }
}

async function signatureTrial(
  { stable, isAnySignatureAllowed }: TrialQuestion,
  facts: ModelFacts | undefined,
  stableFacts: () => Promise<ModelFacts | undefined>,
): Promise<Trial> {
  if (isAnySignatureAllowed) return { state: "Passed", message: "any signature is allowed" };
  const own = facts?.signatures ?? told(facts?.signature);
  if (own === undefined) return { state: "Passed", message: "it does not report its signature: not compared" };
  const other = stableSignatures(await stableFacts(), stable.signature);
  if (other === undefined)
    return { state: "Passed", message: "the stable revision's signature is not known: not compared" };
  const changes = signatureChanges(own, other);
  if (changes.length === 0) return { state: "Passed", message: "its signature is compatible" };
  return { state: "Failed", reason: "SignatureChanged", message: trialFaults.SignatureChanged({ changes }).sentence };
}

/** From a pod or, if none answers, from what status remembers. */
function stableSignatures(
  facts: ModelFacts | undefined,
  signature: string | undefined,
): readonly SignatureFacts[] | undefined {
  return facts?.signatures ?? told(facts?.signature ?? signature);
}

function told(signature: string | undefined): readonly SignatureFacts[] | undefined {
  const one = signature === undefined ? undefined : toldSignature(signature);
  return one && [one];
}

async function firstFailure(
  { candidate, stable }: TrialQuestion,
  requests: readonly GoldenRequest[],
  terms: Omit<Replay, "candidate" | "stable">,
): Promise<Fault | undefined> {
  for (const request of requests) {
    const failed = await goldenFailure(request, { candidate, stable: stable.address, ...terms });
    if (failed !== undefined) return failed;
  }
  return undefined;
}
