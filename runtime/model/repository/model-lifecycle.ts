import type { Clock } from "../../base/clock.ts";
import type { Fault } from "../../base/fault.ts";
import type { ReadyModel } from "../start-model.ts";
import type { ModelRegistry, RegisteredVersion } from "../registry.ts";
import type { FoundVersion, FoundVersions } from "./version-scanner.ts";
import type { ModelConfiguration } from "./model-configuration.ts";
import { type VersionLife, beginVersion } from "./version-lifecycle.ts";
import { type BegunVersion, versionPlan } from "./version-plan.ts";

/** The versions of one model. */
export interface ModelLife {
  readonly name: string;
  /** Whether every version that is wanted is ready or has failed. */
  readonly isSettled: boolean;
  readonly versions: readonly VersionLife[];
  /** Why no version answers; `undefined` when one does, or when nothing has failed. */
  readonly fault: Fault | undefined;
  /** Begins and ends versions until those of the configuration serve. Content that has changed loads beside the old one. */
  follow(configuration: ModelConfiguration, found: FoundVersions): void;
  /** Tries again at once what has failed. */
  retry(): void;
  /** Resolves when it is settled. */
  settled(): Promise<void>;
  /** Ends every version; resolves when their memory is free. */
  end(): Promise<void>;
}

/** Loads a version of a configured model. */
export type BringUpVersion = (
  entry: RegisteredVersion,
  configuration: ModelConfiguration,
  found: FoundVersion,
) => Promise<ReadyModel>;

/** What a model's life takes from outside. */
export interface ModelParts {
  readonly registry: ModelRegistry;
  readonly bringUp: BringUpVersion;
  readonly clock: Clock;
}

/** A model of which nothing is loaded yet. */
export function modelLife(name: string, parts: ModelParts): ModelLife {
  return new LivingModel(name, parts);
}

/** Holds the versions of a model. */
class LivingModel implements ModelLife {
  readonly name: string;
  readonly #parts: ModelParts;
  #configuration: ModelConfiguration | undefined;
  #found: readonly FoundVersion[] = [];
  #wanted: readonly number[] = [];
  /** In the order of their beginning: of two of one number the later one is to replace the earlier. */
  #lives: readonly VersionLife[] = [];
  readonly #ending = new Set<Promise<void>>();
  #waiting: (() => void)[] = [];

  constructor(name: string, parts: ModelParts) {
    this.name = name;
    this.#parts = parts;
  }

  get versions(): readonly VersionLife[] {
    return this.#lives;
  }

  get isSettled(): boolean {
    if (this.#configuration === undefined) return false;
    return this.#lives.every(({ phase, fault }) => phase !== "loading" || fault !== undefined);
  }

  get fault(): Fault | undefined {
    if (this.#lives.some(({ phase }) => phase === "ready")) return undefined;
    return this.#lives.findLast(({ fault }) => fault !== undefined)?.fault;
  }

  follow(configuration: ModelConfiguration, { complete, unfinished }: FoundVersions): void {
    this.#configuration = configuration;
    // What is being written anew is, until it is written, what it was when it was loaded.
    this.#found = [...complete, ...unfinished.flatMap((number) => this.#of(number).at(-1)?.found ?? [])];
    this.#parts.registry.label(this.name, configuration.labels);
    this.#plan();
  }

  retry(): void {
    for (const life of this.#lives) if (life.phase === "failed") this.#end(life);
    this.#plan();
  }

  settled(): Promise<void> {
    if (this.isSettled) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async end(): Promise<void> {
    for (const life of this.#lives) this.#end(life);
    await Promise.all(this.#ending);
    this.#tellSettled();
  }

  #plan(): void {
    const configuration = this.#configuration;
    if (configuration === undefined) return;
    this.#replaceChanged(configuration);
    const numbers = this.#found.map(({ number }) => number);
    const { wanted, begin, end } = versionPlan(configuration.policy, numbers, this.#begun());
    this.#wanted = wanted;
    for (const number of end) for (const life of this.#of(number)) this.#end(life);
    for (const found of this.#found) if (begin.includes(found.number)) this.#begin(configuration, found);
    this.#tellSettled();
  }

  /** A version whose content has changed begins anew; the one before serves until the new one is ready. */
  #replaceChanged(configuration: ModelConfiguration): void {
    for (const found of this.#found) {
      const lives = this.#of(found.number);
      const newest = lives.at(-1);
      if (newest === undefined || newest.phase === "loading") continue;
      if (newest.phase === "ready") for (const life of lives.slice(0, -1)) this.#end(life);
      if (newest.found.fingerprint === found.fingerprint || !this.#wanted.includes(found.number)) continue;
      if (newest.phase === "failed") this.#end(newest);
      this.#begin(configuration, found);
    }
  }

  #begin(configuration: ModelConfiguration, found: FoundVersion): void {
    const { registry, bringUp, clock } = this.#parts;
    const life = beginVersion(found, {
      enter: () => registry.add(this.name, found.number),
      bringUp: (entry) => bringUp(entry, configuration, found),
      clock,
      changed: () => this.#plan(),
    });
    this.#lives = [...this.#lives, life];
  }

  #end(life: VersionLife): void {
    this.#lives = this.#lives.filter((other) => other !== life);
    const ending = life.end().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** One a number: ready when any of its lives is, else as the newest. */
  #begun(): readonly BegunVersion[] {
    const numbers = new Set(this.#lives.map(({ found }) => found.number));
    return [...numbers].flatMap((number) => {
      const lives = this.#of(number);
      const told = lives.find(({ phase }) => phase === "ready") ?? lives.at(-1);
      return told === undefined ? [] : [{ number, phase: told.phase }];
    });
  }

  #of(number: number): readonly VersionLife[] {
    return this.#lives.filter(({ found }) => found.number === number);
  }

  #tellSettled(): void {
    if (!this.isSettled) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell();
  }
}
