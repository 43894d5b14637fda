import { vi } from "vitest";

import type { Client, ObjectKey } from "../../../operator/kube/client.ts";
import type { ConfigMap, KubeObject, ObjectMeta, ObservedCondition } from "../../../operator/kube/kinds.ts";
import type { Transport } from "../../../operator/kube/transport.ts";
import { Fault } from "../../../runtime/base/fault.ts";

/** What every test of the suite works with. */
export interface Bench {
  readonly transport: Transport;
  readonly client: Client;
  /** A client of another field manager. */
  readonly other: Client;
  /** Namespace of this run alone. */
  readonly namespace: string;
  /** A key in the namespace, of a name never given before. */
  key(): ObjectKey & { readonly namespace: string };
}

/** A ModelDeployment as far as the suite looks at it. */
export interface Deployed extends KubeObject {
  readonly spec?: object;
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: readonly ObservedCondition[] };
}

/** A ConfigMap with this data. */
export function configMap(metadata: ObjectMeta, data: Readonly<Record<string, string>> = { a: "1" }): ConfigMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data };
}

/** The least ModelDeployment that is valid. */
export function modelDeployment(metadata: ObjectMeta, spec: object = {}): Deployed {
  const model = { source: { persistentVolumeClaim: { claimName: "models", path: "model.keras" } } };
  return { apiVersion: "modelwright.dev/v1alpha1", kind: "ModelDeployment", metadata, spec: { model, ...spec } };
}

/** Code and message of the fault that a refused verb throws, `NAMESPACE` in place of the namespace of this run. */
export async function refusalOf(work: Promise<unknown>, { namespace }: Bench): Promise<string> {
  const thrown = await work.then(
    (value) => `no refusal, but ${JSON.stringify(value)}`,
    (error: unknown) => error,
  );
  if (!(thrown instanceof Fault)) return String(thrown);
  return `${thrown.code}: ${thrown.message}`.replaceAll(namespace, "NAMESPACE");
}

/** Waits until the check passes, for what a controller does in its own time. */
export function eventually<T>(check: () => Promise<T> | T): Promise<T> {
  return vi.waitFor(check, { timeout: 15_000, interval: 50 });
}
