import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { ConfiguredModel, ModelControl } from "../../protocols/protocol.ts";
import type { ModelRegistry } from "../registry.ts";
import { repositoryFaults } from "./faults.ts";
import { watchFolders } from "./folder-watch.ts";
import { checkConfigured, type FoundVersions, type VersionFinder, versionFinder } from "./version-scanner.ts";
import type { ModelConfiguration } from "./model-configuration.ts";
import { type BringUpVersion, type ModelLife, modelLife } from "./model-lifecycle.ts";

/** Which models there are: read again on every pass. */
export interface ModelSource {
  /** Throws a Fault when it cannot tell: then what serves goes on. */
  readonly models: () => Promise<readonly ModelConfiguration[]>;
  /** Folder whose entries tell of changes; absent: those of the models alone. */
  readonly folder?: string;
}

/** What a repository follows, and what it does with what it finds. */
export interface RepositoryOrder {
  readonly source: ModelSource;
  readonly registry: ModelRegistry;
  readonly bringUp: BringUpVersion;
  /** Pause between two looks at the folders; 0: they are looked at once. */
  readonly pollIntervalMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** A look at the folders takes at most this share of the time, however many they are. */
const longestPollShare = 1 / 20;
/** While a version is being written; readiness waits so long for it. */
const settlingPollMs = 300;
const longestSettlingMs = 10_000;
const longestAbsenceMs = 1_000;

const nothingFound: FoundVersions = { complete: [], unfinished: [], isSettling: false };

/** The models of a process: follows what lies on disk, and what clients ask for. */
export class Repository {
  readonly #order: RepositoryOrder;
  readonly #find: VersionFinder;
  readonly #models = new Map<string, ModelLife>();
  readonly #found = new Map<string, FoundVersions>();
  /** Models that clients have taken out of service. */
  readonly #unloaded = new Set<string>();
  /** What a client has asked for in place of the source. */
  #replaced: readonly ModelConfiguration[] | undefined;
  #configurations: readonly ModelConfiguration[] = [];
  #sourceFault: Fault | undefined;
  readonly #troubles = new Map<string, string>();
  /** When models were first seen to be gone from the source. */
  readonly #absentSince = new Map<string, number>();
  #passing: Promise<void> = Promise.resolve();
  #lastPassMs = 0;
  #hasLooked = false;
  #isLoaded = false;
  readonly #stop = new AbortController();

  constructor(order: RepositoryOrder) {
    this.#order = order;
    this.#find = versionFinder(order.clock);
  }

  /** Whether it has been seen what there is at first. */
  get hasLooked(): boolean {
    return this.#hasLooked;
  }

  get models(): readonly ModelLife[] {
    return [...this.#models.values()];
  }

  /** Whether the first load of everything is done and something answers, or nothing is to be served. */
  get isReady(): boolean {
    return this.#isLoaded && (this.#models.size === 0 || this.#versions().some(({ phase }) => phase === "ready"));
  }

  /** Why nothing answers, where there is a reason. */
  get fault(): Fault | undefined {
    if (this.#versions().some(({ phase }) => phase === "ready")) return undefined;
    return this.models.map(({ fault }) => fault).find((fault) => fault !== undefined) ?? this.#sourceFault;
  }

  /**
   * Loads what there is; resolves when each model is ready or has failed, and goes on following the folders. Rejects with a
   * Fault when it cannot be told what there is.
   */
  async load(): Promise<void> {
    const { clock, pollIntervalMs } = this.#order;
    const latest = clock.monotonic() + longestSettlingMs;
    await this.#pass();
    if (this.#sourceFault !== undefined) throw this.#sourceFault;
    while (this.#isSettling() && clock.monotonic() < latest && !this.#stop.signal.aborted) {
      await clock.sleep(settlingPollMs, this.#stop.signal);
      await this.#pass();
    }
    this.#hasLooked = true;
    await Promise.all(this.models.map((model) => model.settled()));
    this.#isLoaded = true;
    if (pollIntervalMs > 0 && !this.#isStatic()) this.#follow();
  }

  /** Tells everybody that the versions will end; they answer until `drain`. */
  announceEnd(): void {
    this.stop();
    for (const version of this.#versions()) version.announceEnd();
  }

  /** Stops following; nothing new is loaded. */
  stop(): void {
    this.#stop.abort();
  }

  /** Ends all versions; resolves when what was accepted is answered and all memory is free. */
  async drain(): Promise<void> {
    this.stop();
    await Promise.all(this.models.map((model) => model.end()));
  }

  /** What clients may ask for. */
  readonly control: ModelControl = {
    load: async (name) => {
      this.#unloaded.delete(name);
      await this.#pass();
      const configuration = this.#configurations.find((candidate) => candidate.name === name);
      // Who asks for it says that it is written.
      if (configuration !== undefined) await this.#followModel(configuration, true);
      const model = this.#models.get(name);
      if (model === undefined) throw repositoryFaults.ModelUnknown({ name, known: this.#names() });
      model.retry();
      await model.settled();
      const fault = model.versions.findLast(({ phase }) => phase === "failed")?.fault;
      if (fault !== undefined) throw fault;
      if (model.versions.length === 0) throw repositoryFaults.VersionsMissing({ folder: this.#folderOf(name) });
    },
    unload: async (name) => {
      if (!this.#names().includes(name)) throw repositoryFaults.ModelUnknown({ name, known: this.#names() });
      this.#unloaded.add(name);
      await this.#models.get(name)?.end();
      this.#models.delete(name);
    },
    configure: async (models) => {
      const configurations = models.map(configurationOf);
      await checkConfigured(configurations, this.#find);
      this.#replaced = configurations;
      this.#unloaded.clear();
      await this.#pass();
      await Promise.all(this.models.map((model) => model.settled()));
      const fault = this.models.map((model) => model.fault).find((fault) => fault !== undefined);
      if (fault !== undefined) throw fault;
    },
  };

  /** One pass after the other: looks at everything and lets every model follow. */
  #pass(): Promise<void> {
    this.#passing = this.#passing.then(() => this.#look());
    return this.#passing;
  }

  async #look(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const start = this.#order.clock.monotonic();
    await this.#readSource();
    await Promise.all(this.#configurations.map((configuration) => this.#followModel(configuration)));
    this.#forgetAbsent(start);
    this.#lastPassMs = this.#order.clock.monotonic() - start;
  }

  async #readSource(): Promise<void> {
    try {
      this.#configurations = this.#replaced ?? (await this.#order.source.models());
      this.#sourceFault = undefined;
      this.#troubles.delete("");
    } catch (thrown) {
      this.#sourceFault = Fault.from(thrown);
      this.#tell("", this.#sourceFault);
    }
  }

  async #followModel(configuration: ModelConfiguration, isWritten = false): Promise<void> {
    const { name } = configuration;
    if (this.#unloaded.has(name)) return;
    try {
      this.#found.set(name, await this.#find(configuration, isWritten));
      this.#troubles.delete(name);
    } catch (thrown) {
      this.#tell(name, Fault.from(thrown));
    }
    const { registry, bringUp, clock } = this.#order;
    const model = this.#models.get(name) ?? modelLife(name, { registry, bringUp, clock });
    this.#models.set(name, model);
    model.follow(configuration, this.#found.get(name) ?? nothingFound);
  }

  /** A model whose file is away for a moment is being replaced; what a client has taken from the list goes at once. */
  #forgetAbsent(now: number): void {
    const names = new Set(this.#names());
    const longestMs = this.#replaced === undefined ? longestAbsenceMs : 0;
    for (const [name, model] of this.#models) {
      const since = this.#absentSince.get(name) ?? now;
      if (names.has(name)) this.#absentSince.delete(name);
      else if (now - since < longestMs) this.#absentSince.set(name, since);
      else {
        this.#absentSince.delete(name);
        this.#models.delete(name);
        this.#found.delete(name);
        void model.end();
      }
    }
  }

  /** Once for each trouble, not on every pass. */
  #tell(model: string, fault: Fault): void {
    if (this.#troubles.get(model) === fault.message) return;
    this.#troubles.set(model, fault.message);
    this.#order.log.error(fault.sentence, { code: fault.code, ...(model === "" ? {} : { model }) });
  }

  #follow(): void {
    const { clock, pollIntervalMs } = this.#order;
    const { signal } = this.#stop;
    const watch = watchFolders(clock, () => void this.#pass().then(follow));
    const follow = (): void => {
      if (!signal.aborted) watch.follow(this.#folders());
    };
    signal.addEventListener("abort", () => watch.close(), { once: true });
    const poll = async (): Promise<void> => {
      while (!signal.aborted) {
        follow();
        const pauseMs = this.#isSettling() ? settlingPollMs : pollIntervalMs;
        await clock.sleep(Math.max(pauseMs, this.#lastPassMs / longestPollShare), signal);
        await this.#pass();
      }
    };
    void poll();
  }

  #folders(): readonly string[] {
    const { folder } = this.#order.source;
    const models = this.#configurations.map(({ basePath }) => basePath);
    return folder === undefined ? models : [folder, ...models];
  }

  /** Whether nothing that is served can change: an idle process sleeps. */
  #isStatic(): boolean {
    const isSole = ({ name }: ModelConfiguration): boolean =>
      this.#found.get(name)?.complete.every(({ fingerprint }) => fingerprint === "") === true;
    return this.#order.source.folder === undefined && this.#configurations.every(isSole);
  }

  #isSettling(): boolean {
    return [...this.#found.values()].some(({ isSettling }) => isSettling);
  }

  #names(): readonly string[] {
    return this.#configurations.map(({ name }) => name);
  }

  #folderOf(name: string): string {
    return this.#configurations.find((configuration) => configuration.name === name)?.basePath ?? "";
  }

  #versions(): ModelLife["versions"] {
    return this.models.flatMap(({ versions }) => versions);
  }
}

function configurationOf(model: ConfiguredModel): ModelConfiguration {
  return { ...model, format: "Auto", soleVersion: 1, isFixed: false };
}
