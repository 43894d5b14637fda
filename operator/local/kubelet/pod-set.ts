import { Fault } from "../../../runtime/base/fault.ts";
import type { Cache } from "../../kube/cache.ts";
import type { Pod, Stored } from "../../kube/kinds.ts";
import { resources } from "../../kube/resources.ts";
import { badRequest } from "../api-server/values/api-error.ts";
import { type BinderOptions, placePod } from "./binding.ts";
import type { LogSource } from "./pod-log.ts";
import { type PodHost, PodWorker } from "./pod/pod-worker.ts";

type StoredPod = Pod & Stored;

/** How a pod is named in requests. */
export interface PodKey {
  readonly namespace: string;
  readonly name: string;
}

/** All pods are looked at again this often, so that whatever failed is tried again. */
const resyncMs = 2_000;
const defaultGraceSeconds = 30;
/** For a pod whose object is gone already. */
const orphanGraceMs = 2_000;

/** Holds one worker per pod of this node, and places the pods that have no node yet. */
export class PodSet {
  readonly #cache: Cache<Pod>;
  readonly #host: PodHost;
  readonly #binder: BinderOptions;
  readonly #workers = new Map<string, PodWorker>();
  /** Bound by us and not yet seen as bound. */
  readonly #assumed = new Map<string, StoredPod>();
  readonly #unsubscribe: () => void;
  #cancelResync: () => void;
  #placing: Promise<void> | undefined;
  #placesAgain = false;
  #isStopped = false;

  constructor(cache: Cache<Pod>, host: PodHost, binder: BinderOptions) {
    this.#cache = cache;
    this.#host = host;
    this.#binder = binder;
    this.#unsubscribe = cache.subscribe(({ type, object }) => {
      if (type === "removed") this.#forget(object);
      else this.#look(object);
      this.#place();
    });
    this.#cancelResync = host.clock.after(resyncMs, () => this.#resync());
  }

  /** Where a container's log is. Throws as the API server answers when there is none. */
  logSource({ namespace, name }: PodKey, container: string, previous: boolean): LogSource {
    const uid = this.#cache.find({ namespace, name })?.metadata.uid ?? "";
    const worker = this.#workers.get(uid);
    if (worker === undefined) throw badRequest(`pod ${name} does not have a host assigned`);
    return worker.logSource(container, previous);
  }

  async stop(graceMs: number): Promise<void> {
    this.#isStopped = true;
    this.#unsubscribe();
    this.#cancelResync();
    await this.#placing;
    await Promise.all([...this.#workers.values()].map((worker) => worker.leave(graceMs)));
    await this.#binder.events.flush();
  }

  #resync(): void {
    for (const pod of this.#cache.all()) this.#look(pod);
    this.#place();
    this.#cancelResync = this.#host.clock.after(resyncMs, () => this.#resync());
  }

  /** Brings the worker of a pod in line with the pod. */
  #look(pod: StoredPod): void {
    const { uid, deletionTimestamp } = pod.metadata;
    if (pod.spec.nodeName !== this.#host.nodeName || this.#isStopped) return;
    this.#assumed.delete(uid);
    const worker = this.#workers.get(uid);
    if (deletionTimestamp !== undefined) {
      this.#contained(pod, worker === undefined ? this.#removeObject(pod) : worker.remove(graceMsOf(pod)));
    } else if (worker === undefined && !isFinished(pod)) {
      this.#workers.set(uid, new PodWorker(pod, this.#host));
    }
  }

  /** The object is gone: without grace, or because its worker removed it. */
  #forget(pod: StoredPod): void {
    const { uid } = pod.metadata;
    this.#assumed.delete(uid);
    const worker = this.#workers.get(uid);
    if (worker === undefined) return;
    this.#workers.delete(uid);
    this.#contained(
      pod,
      worker.stop(orphanGraceMs).then(() => worker.clear()),
    );
  }

  async #removeObject({ metadata: { namespace, name, uid } }: StoredPod): Promise<void> {
    await this.#host.client.remove(
      resources.pods,
      { namespace, name },
      { gracePeriodSeconds: 0, preconditions: { uid } },
    );
  }

  /** Places waiting pods one after the other, so that a device is never promised twice. */
  #place(): void {
    this.#placesAgain = true;
    this.#placing ??= this.#placeAll().finally(() => (this.#placing = undefined));
  }

  async #placeAll(): Promise<void> {
    while (this.#placesAgain && !this.#isStopped) {
      this.#placesAgain = false;
      for (const pod of this.#cache.all().filter((pod) => this.#isWaiting(pod))) await this.#placeOne(pod);
    }
  }

  async #placeOne(pod: StoredPod): Promise<void> {
    const { uid, name } = pod.metadata;
    const placed = this.#cache.all().filter((other) => other.spec.nodeName !== undefined && !isFinished(other));
    try {
      const isPlaced = await placePod(pod, [...placed, ...this.#assumed.values()], this.#binder);
      if (isPlaced && this.#cache.withUid(uid)?.spec.nodeName === undefined) this.#assumed.set(uid, pod);
    } catch (thrown) {
      this.#host.log.warn("pod not placed", { pod: name, cause: Fault.from(thrown).message });
    }
  }

  #isWaiting({ spec, metadata: { uid, deletionTimestamp } }: StoredPod): boolean {
    return spec.nodeName === undefined && deletionTimestamp === undefined && !this.#assumed.has(uid);
  }

  #contained(pod: StoredPod, work: Promise<void>): void {
    work.catch((thrown: unknown) =>
      this.#host.log.warn("pod not removed", { pod: pod.metadata.name, cause: Fault.from(thrown).message }),
    );
  }
}

function graceMsOf({ metadata, spec }: Pod): number {
  const seconds = metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? defaultGraceSeconds;
  return seconds * 1000;
}

function isFinished({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}
