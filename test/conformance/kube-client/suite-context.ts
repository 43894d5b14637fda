import { vi } from "vitest";

import type { Client, ObjectKey } from "../../../operator/kube/client.ts";
import type { ConfigMap, KubeObject, ObjectMeta, ObservedCondition } from "../../../operator/kube/kinds.ts";
import type { Transport } from "../../../operator/kube/transport.ts";
import { Fault } from "../../../runtime/base/fault.ts";

/** The clients and names that the tests of the suite use. */
export interface SuiteContext {
  readonly transport: Transport;
  readonly client: Client;
  /** A client with another field manager. */
  readonly other: Client;
  /** Namespace of this run. */
  readonly namespace: string;
  /** A key in the namespace with an unused name. */
  key(): ObjectKey & { readonly namespace: string };
}

/** The parts of a ModelDeployment that the suite reads. */
export interface Deployed extends KubeObject {
  readonly spec?: object;
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: readonly ObservedCondition[] };
}

/** A ConfigMap with this data. */
export function configMap(metadata: ObjectMeta, data: Readonly<Record<string, string>> = { a: "1" }): ConfigMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data };
}

/** A minimal valid ModelDeployment. */
export function modelDeployment(metadata: ObjectMeta, spec: object = {}): Deployed {
  const model = { source: { persistentVolumeClaim: { claimName: "models", path: "model.keras" } } };
  return { apiVersion: "modelwright.dev/v1alpha1", kind: "ModelDeployment", metadata, spec: { model, ...spec } };
}

/** Code and message of the fault that a refused verb throws, `NAMESPACE` in place of the namespace of this run. */
export async function refusalOf(work: Promise<unknown>, { namespace }: SuiteContext): Promise<string> {
  const thrown = await work.then(
    (value) => `no refusal, but ${JSON.stringify(value)}`,
    (error: unknown) => error,
  );
  if (!(thrown instanceof Fault)) return String(thrown);
  return `${thrown.code}: ${thrown.message}`.replaceAll(namespace, "NAMESPACE");
}

/** Waits until the check passes, for asynchronous work of a controller. */
export function eventually<T>(check: () => Promise<T> | T): Promise<T> {
  return vi.waitFor(check, { timeout: 15_000, interval: 50 });
}
