import type { IncomingHttpHeaders } from "node:http";
import type { Fault, FaultRecord } from "../base/fault.ts";
import type { ModelState } from "../contract/model-facts.ts";
import { notReadyHeader } from "../contract/route-table.ts";
import type { Abortable, InferTarget, ModelReference } from "../dataplane/infer.ts";

/** One request as a protocol sees it, read and decompressed. */
export interface ProtocolRequest {
  readonly method: string;
  /** The request target as it stood in the request line, query included. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Aborted once the client has left. */
  readonly signal: Abortable;
  /** `Clock.monotonic()` after which the answer is of no use. */
  readonly deadline: number;
}

/** The HTTP response to a request. */
export interface ProtocolAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** Bytes that follow `body`, written from where they are. */
  readonly tail?: readonly Uint8Array[];
  /** The fault that the answer tells, for log and metrics. */
  readonly fault?: Fault;
  /** This very object answers many requests: it is worth keeping its bytes. */
  readonly isRepeated?: true;
}

/** A wire protocol over HTTP: translates requests to the data plane and back. Holds no state and never throws. */
export interface Protocol {
  readonly name: string;
  /** Whether this protocol answers that request target. */
  owns(target: string): boolean;
  answer(request: ProtocolRequest): Promise<ProtocolAnswer>;
  /** The refusal of a request for a model that takes no more at the moment: its body needs not to be read. */
  overload?(request: Pick<ProtocolRequest, "method" | "target">): ProtocolAnswer | undefined;
  /** The answer to a request whose body could not be read. */
  refusal(fault: Fault): ProtocolAnswer;
}

/** Faults of the transport below a protocol, by code: `refusal` meets them. */
export type TransportCode =
  | "BodyTooLarge"
  | "BodiesTooMany"
  | "BodyTooSlow"
  | "BodyUndecodable"
  | "EncodingUnsupported"
  | "ClientGone";

/** HTTP status of what no protocol but the transport or a mistake of ours brings. */
export const transportStatuses: Readonly<Record<TransportCode | "Unexpected", number>> = {
  BodyTooLarge: 413,
  BodiesTooMany: 503,
  BodyTooSlow: 408,
  BodyUndecodable: 400,
  EncodingUnsupported: 415,
  ClientGone: 499,
  Unexpected: 500,
};

const unavailable = 503;
/** A refusal repeats no more of a request than this. */
const maxSentence = 2048;

/** An answer whose body is this value. */
export function jsonAnswer(status: number, body: unknown): ProtocolAnswer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** `{"error": "<message>"}` with the status that a protocol's table has for the fault; 503 tells when to come again. */
export function refusalAnswer(fault: Fault, statuses: Readonly<Record<string, number>>): ProtocolAnswer {
  const known = Object.hasOwn(statuses, fault.code) ? statuses[fault.code] : undefined;
  const status = known ?? transportStatuses.Unexpected;
  const { sentence } = fault;
  const error = sentence.length > maxSentence ? `${sentence.slice(0, maxSentence)}…` : sentence;
  const answer = jsonAnswer(status, { error });
  const retryAfter = status === unavailable ? { "retry-after": String(retryAfterSeconds(fault)) } : {};
  return { ...answer, headers: { ...answer.headers, ...retryAfter, ...refusalHeaders(fault) }, fault };
}

/** Codes of protocols' faults for models on their way. */
const loadingCodes: ReadonlySet<string> = new Set(["ModelLoading", "VersionLoading", "LabelLoading"]);
/** Tells a gateway that the model is on its way here. */
export const loadingHeaders: Readonly<Record<string, string>> = { [notReadyHeader]: "loading" };
const noHeaders = {};

/** What a refusal tells a gateway beside its status. */
export function refusalHeaders({ code }: Fault): Readonly<Record<string, string>> {
  return loadingCodes.has(code) ? loadingHeaders : noHeaders;
}

const loadingStates: ReadonlySet<ModelState> = new Set(["Fetching", "Verifying", "Loading", "Warming"]);

/** The state of a model without an answer that is on its way; `undefined` when it is none. */
export function loadingState(models: Models, { name, version }: ModelReference): ModelState | undefined {
  const meant = models.versions(name).filter((report) => version === undefined || report.version === version);
  if (meant.length === 0) return models.isStarting?.() === true ? "Fetching" : undefined;
  return meant.findLast(({ state }) => loadingStates.has(state))?.state;
}

/** The same answers, made once for each fault: in an overload one fault is told to many. */
export function repeatedRefusals(answerOf: (fault: Fault) => ProtocolAnswer): (fault: Fault) => ProtocolAnswer {
  const made = new WeakMap<Fault, ProtocolAnswer>();
  return (fault) => {
    const known = made.get(fault);
    if (known !== undefined) return known;
    const answer: ProtocolAnswer = { ...answerOf(fault), isRepeated: true };
    made.set(fault, answer);
    return answer;
  };
}

/** The value of `Retry-After` for a fault that may pass. */
export function retryAfterSeconds({ retry }: Fault): number {
  return typeof retry === "object" ? Math.max(1, Math.ceil(retry.afterMs / 1000)) : 1;
}

/** Reads the request line of a method and a target. */
type RouteOf<Route> = (method: string, target: string) => Route;

/** Targets that are kept, and the length of the longest. */
const maxKept = 256;
const maxKeptChars = 512;

/** The same reading of request lines; what was read of a POST is kept, as most ask for the same few models. */
export function rememberedRoutes<Route>(routeOf: RouteOf<Route>): RouteOf<Route> {
  const kept = new Map<string, Route>();
  return (method, target) => {
    if (method !== "POST") return routeOf(method, target);
    const known = kept.get(target);
    if (known !== undefined) return known;
    const route = routeOf(method, target);
    if (target.length > maxKeptChars) return route;
    if (kept.size >= maxKept) kept.clear();
    kept.set(target, route);
    return route;
  };
}

/** One version of a model, loaded or not. */
export interface VersionReport {
  readonly version: number;
  readonly state: ModelState;
  /** Why it failed. */
  readonly fault?: FaultRecord;
}

/** Which of a model's numbered versions are served. */
export type VersionPolicy =
  | { readonly kind: "latest"; readonly count: number }
  | { readonly kind: "all" }
  | { readonly kind: "specific"; readonly numbers: readonly number[] };

/** A model as a client of TensorFlow Serving's `HandleReloadConfigRequest` names it. */
export interface ConfiguredModel {
  readonly name: string;
  /** A folder of numbered versions, or one model. */
  readonly basePath: string;
  readonly policy: VersionPolicy;
  /** Versions by label: a label moves when its version is ready. */
  readonly labels: ReadonlyMap<string, number>;
}

/** What clients may change where the server was started with `--model-control`. */
export interface ModelControl {
  /** Loads what the model's folder holds now, side by side with what serves; resolves when it answers. Rejects with a Fault. */
  load(name: string): Promise<void>;
  /** Takes the model out of service until it is loaded again; resolves when its memory is free. Rejects with a Fault. */
  unload(name: string): Promise<void>;
  /**
   * Serves these models and no others; resolves when each has loaded, rejects with the Fault of one that has not. Rejects with
   * `ConfiguredModelMissing`, and changes nothing, when there is nothing to load for one of them.
   */
  configure(models: readonly ConfiguredModel[]): Promise<void>;
}

/** What protocols ask about models. The registry implements it. */
export interface Models {
  /** Every known model, in the order of their addition. */
  names(): readonly string[];
  /** The ready model that is meant; without version and label the largest ready version. */
  find(reference: ModelReference): InferTarget | undefined;
  /** Whether the model has such a label. */
  hasLabel(name: string, label: string): boolean;
  /** Every known version of a model in any state, ascending; empty for an unknown model. */
  versions(name: string): readonly VersionReport[];
  /** Whether the first load of all models is done and one of them answers. */
  isReady(): boolean;
  /** Whether it is still to be seen which models there are; absent: it is known. */
  isStarting?(): boolean;
  /** Absent: clients may change nothing. */
  readonly control?: ModelControl;
}
