import type { Clock } from "../../base/clock.ts";
import type { Fault } from "../../base/fault.ts";
import type { ModelRegistry, RegisteredVersion } from "../registry.ts";
import type { ReadyModel } from "../start-model.ts";
import type { ModelConfiguration } from "./model-configuration.ts";
import { VersionLifecycle } from "./version-lifecycle.ts";
import { type ActiveVersion, versionPlan } from "./version-plan.ts";
import type { DiscoveredVersion, VersionScan } from "./version-scanner.ts";

/** Loads a version of a configured model and makes it ready. */
export type StartVersion = (
  entry: RegisteredVersion,
  configuration: ModelConfiguration,
  found: DiscoveredVersion,
) => Promise<ReadyModel>;

/** Dependencies of a ModelLifecycle. */
export interface ModelDependencies {
  readonly registry: ModelRegistry;
  readonly startVersion: StartVersion;
  readonly clock: Clock;
}

/** Loads, replaces and unloads the versions of one model. */
export class ModelLifecycle {
  readonly name: string;
  readonly #dependencies: ModelDependencies;
  #configuration: ModelConfiguration | undefined;
  #found: readonly DiscoveredVersion[] = [];
  #wanted: readonly number[] = [];
  /** In the order of their start: of two loads of the same number the later one replaces the earlier. */
  #versions: readonly VersionLifecycle[] = [];
  readonly #unloading = new Set<Promise<void>>();
  #settledListeners: (() => void)[] = [];

  constructor(name: string, dependencies: ModelDependencies) {
    this.name = name;
    this.#dependencies = dependencies;
  }

  get versions(): readonly VersionLifecycle[] {
    return this.#versions;
  }

  /** Whether every wanted version is ready or has failed. */
  get isSettled(): boolean {
    if (this.#configuration === undefined) return false;
    return this.#versions.every(({ phase, fault }) => phase !== "loading" || fault !== undefined);
  }

  /** Why no version is ready; `undefined` when one is, or when nothing has failed. */
  get fault(): Fault | undefined {
    if (this.#versions.some(({ phase }) => phase === "ready")) return undefined;
    return this.#versions.findLast(({ fault }) => fault !== undefined)?.fault;
  }

  /** Loads and unloads versions until those of the configuration serve. Changed content loads beside the old one. */
  reconcile(configuration: ModelConfiguration, { complete, incomplete }: VersionScan): void {
    this.#configuration = configuration;
    // A version that is being rewritten keeps the fingerprint that it was loaded with until it is complete.
    this.#found = [...complete, ...incomplete.flatMap((number) => this.#versionsOf(number).at(-1)?.found ?? [])];
    this.#dependencies.registry.label(this.name, configuration.labels);
    this.#plan();
  }

  /** Loads failed versions again at once. */
  retryFailed(): void {
    for (const version of this.#versions) if (version.phase === "failed") this.#unload(version);
    this.#plan();
  }

  /** Resolves when it is settled. */
  settled(): Promise<void> {
    if (this.isSettled) return Promise.resolve();
    return new Promise((resolve) => this.#settledListeners.push(resolve));
  }

  /** Unloads every version; resolves when their memory is free. */
  async unload(): Promise<void> {
    for (const version of this.#versions) this.#unload(version);
    await Promise.all(this.#unloading);
    this.#notifySettled();
  }

  #plan(): void {
    const configuration = this.#configuration;
    if (configuration === undefined) return;
    this.#replaceChanged(configuration);
    const numbers = this.#found.map(({ number }) => number);
    const { wanted, load, unload } = versionPlan(configuration.policy, numbers, this.#active());
    this.#wanted = wanted;
    for (const number of unload) for (const version of this.#versionsOf(number)) this.#unload(version);
    for (const found of this.#found) if (load.includes(found.number)) this.#load(configuration, found);
    this.#notifySettled();
  }

  /** Loads a version with changed content again; the old load serves until the new one is ready. */
  #replaceChanged(configuration: ModelConfiguration): void {
    for (const found of this.#found) {
      const versions = this.#versionsOf(found.number);
      const newest = versions.at(-1);
      if (newest === undefined || newest.phase === "loading") continue;
      if (newest.phase === "ready") for (const version of versions.slice(0, -1)) this.#unload(version);
      if (newest.found.fingerprint === found.fingerprint || !this.#wanted.includes(found.number)) continue;
      if (newest.phase === "failed") this.#unload(newest);
      this.#load(configuration, found);
    }
  }

  #load(configuration: ModelConfiguration, found: DiscoveredVersion): void {
    const { registry, startVersion, clock } = this.#dependencies;
    const version = new VersionLifecycle(found, {
      register: () => registry.add(this.name, found.number),
      start: (entry) => startVersion(entry, configuration, found),
      clock,
      onChange: () => this.#plan(),
    });
    this.#versions = [...this.#versions, version];
  }

  #unload(version: VersionLifecycle): void {
    this.#versions = this.#versions.filter((other) => other !== version);
    const unloading = version.unload().finally(() => this.#unloading.delete(unloading));
    this.#unloading.add(unloading);
  }

  /** One entry per number: `ready` when any load of it is, else the phase of the newest. */
  #active(): readonly ActiveVersion[] {
    const numbers = new Set(this.#versions.map(({ found }) => found.number));
    return [...numbers].flatMap((number) => {
      const versions = this.#versionsOf(number);
      const shown = versions.find(({ phase }) => phase === "ready") ?? versions.at(-1);
      return shown === undefined ? [] : [{ number, phase: shown.phase }];
    });
  }

  #versionsOf(number: number): readonly VersionLifecycle[] {
    return this.#versions.filter(({ found }) => found.number === number);
  }

  #notifySettled(): void {
    if (!this.isSettled) return;
    const listeners = this.#settledListeners;
    this.#settledListeners = [];
    for (const notify of listeners) notify();
  }
}
