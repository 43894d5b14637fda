import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { ReadyModel } from "../start-model.ts";
import type { RegisteredVersion } from "../registry.ts";
import type { FoundVersion } from "./version-scanner.ts";
import type { VersionPhase } from "./version-plan.ts";

/** One version from its load to the end of its memory. */
export interface VersionLife {
  readonly found: FoundVersion;
  readonly phase: VersionPhase;
  /** Why the last attempt to load it failed. */
  readonly fault: Fault | undefined;
  readonly ready: ReadyModel | undefined;
  /** Says that it will end; it answers as before. */
  announceEnd(): void;
  /** Answers what was accepted, then frees the memory. Idempotent. */
  end(): Promise<void>;
}

/** What a version's life takes from outside. */
export interface VersionParts {
  /** A new entry of the registry: one for each attempt. */
  readonly enter: () => RegisteredVersion;
  readonly bringUp: (entry: RegisteredVersion) => Promise<ReadyModel>;
  readonly clock: Clock;
  /** Called whenever the phase has changed. */
  readonly changed: () => void;
}

const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

/** Begins to load a version; a load that may yet succeed is tried again with growing delays until the version ends. */
export function beginVersion(found: FoundVersion, parts: VersionParts): VersionLife {
  return new LivingVersion(found, parts);
}

/** The pause before another attempt, after `failures` of them: 1 s, doubling to a minute. */
export function retryDelayMs(failures: number): number {
  return Math.min(firstRetryMs * 2 ** Math.max(0, failures - 1), longestRetryMs);
}

/** Holds the memory of a loaded version. */
class LivingVersion implements VersionLife {
  readonly found: FoundVersion;
  readonly #parts: VersionParts;
  readonly #stop = new AbortController();
  #entry: RegisteredVersion;
  #phase: VersionPhase = "loading";
  #fault: Fault | undefined;
  #ready: ReadyModel | undefined;
  #ended: Promise<void> | undefined;

  constructor(found: FoundVersion, parts: VersionParts) {
    this.found = found;
    this.#parts = parts;
    this.#entry = parts.enter();
    void this.#live();
  }

  get phase(): VersionPhase {
    return this.#phase;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  get ready(): ReadyModel | undefined {
    return this.#ready;
  }

  announceEnd(): void {
    this.#stop.abort();
    this.#entry.happen("stopping");
  }

  end(): Promise<void> {
    this.announceEnd();
    this.#ended ??= this.#drained();
    return this.#ended;
  }

  async #live(): Promise<void> {
    for (let failures = 1; await this.#attempt(); failures++) {
      await this.#parts.clock.sleep(retryDelayMs(failures), this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      this.#entry = this.#parts.enter();
      this.#turn("loading");
    }
  }

  /** Whether another attempt is worth it. */
  async #attempt(): Promise<boolean> {
    try {
      const ready = await this.#parts.bringUp(this.#entry);
      this.#ready = ready;
      // Told to end meanwhile: nobody has seen it, so there is nothing to wait for.
      if (this.#stop.signal.aborted) await ready.served.drain();
      else this.#turn("ready");
      return false;
    } catch (thrown) {
      const fault = Fault.from(thrown);
      this.#fault = fault;
      this.#entry.fail(fault.record);
      if (this.#stop.signal.aborted) return false;
      this.#turn("failed");
      return fault.retry !== "never";
    }
  }

  #turn(phase: VersionPhase): void {
    this.#phase = phase;
    this.#parts.changed();
  }

  async #drained(): Promise<void> {
    await this.#ready?.served.drain();
    this.#entry.happen("unloaded");
  }
}
