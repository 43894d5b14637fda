import type { FaultRecord } from "./base/fault.ts";
import type { ModelState } from "./contract/model-facts.ts";
import { signatureOf } from "./dataplane/infer.ts";
import type { ReadyModel } from "./model/start-model.ts";
import { signatureText } from "./model/signature-text.ts";

/** A version of a model, as lines begin. */
interface Named {
  readonly name: string;
  readonly version: number;
}

/** `digits/1  loading`, for a state that somebody who waits wants to hear of; `undefined` for the others. */
export function stateLine({ name, version }: Named, state: ModelState): string | undefined {
  const word = spoken[state];
  return word === undefined ? undefined : line({ name, version }, word, "");
}

const spoken: Readonly<Partial<Record<ModelState, string>>> = {
  Loading: "loading",
  Warming: "warming up",
  Draining: "draining",
  Unloaded: "unloaded",
};

/** One line about a version that answers: signature, engine, memory, and how long it took. */
export function readyLine(named: Named, { served, loadMs }: ReadyModel): string {
  const { engine, weightBytes } = served.loaded;
  const facts = [signatureText(signatureOf(served)), engine, `${sizeText(weightBytes)} of weights`];
  return line(named, "ready", [...facts, `${(loadMs / 1000).toFixed(1)} s`].join("  "));
}

/** Why a version does not answer. */
export function failedLine(named: Named, { message, hint }: FaultRecord): string {
  return line(named, "failed", hint === undefined ? message : `${message}; ${hint}`);
}

/** Ports that are open. */
type Doors = Readonly<Record<"front" | "grpc" | "admin", { readonly port: number }>>;

/** Where the process listens. */
export function addressLines(host: string, { front, grpc, admin }: Doors): readonly string[] {
  const shown = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return [
    `HTTP    http://${shown}:${front.port}`,
    `gRPC    ${shown}:${grpc.port}`,
    `admin   http://${shown}:${admin.port}`,
  ];
}

function line({ name, version }: Named, state: string, rest: string): string {
  return `${name}/${version}  ${state}${rest === "" ? "" : `  ${rest}`}`;
}

/** Decimal, as files are told: `27.9 kB`. */
function sizeText(bytes: number): string {
  if (bytes < 1e3) return `${bytes} bytes`;
  const [divisor, unit] = bytes < 1e6 ? [1e3, "kB"] : bytes < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
  return `${(bytes / divisor).toFixed(1)} ${unit}`;
}
