import { once } from "node:events";
import { basename } from "node:path";
import { Worker } from "node:worker_threads";
import { Fault } from "../../../runtime/base/fault.ts";
import type { ModelDefinition } from "../../../runtime/model/formats/definition.ts";
import { formatFaults } from "../../../runtime/model/formats/faults.ts";
import type { ParseAnswer } from "../../../runtime/model/formats/parser-thread.ts";
import type { ReadRequest } from "../../../runtime/model/formats/readers.ts";

/** A thread reads so many models before a fresh one takes its place. */
const readsEach = 200;
/** The HDF5 library goes round in circles for some files; a thread that has computed for so long does. */
const maxCpuMs = 500;
const checkMs = 200;

/** Reads models in a thread, as the runtime does, that is kept from one to the next: its start takes far longer than a read. */
export class ReadingThreads {
  #worker: Worker | undefined;
  #reads = 0;

  /** Rejects with the fault of the reader, or `ModelParseEndless`. */
  async read(request: ReadRequest): Promise<ModelDefinition> {
    if (this.#worker === undefined || this.#reads >= readsEach) await this.#renew();
    this.#reads += 1;
    const worker = this.#worker;
    if (worker === undefined) throw new Error("there is a thread by now");
    const before = await worker.cpuUsage();
    const ended = new AbortController();
    const endless = Promise.withResolvers<never>();
    const timer = setInterval(() => {
      worker.cpuUsage(before).then(
        ({ user, system }) => {
          const cpuMs = (user + system) / 1000;
          if (cpuMs > maxCpuMs) endless.reject(formatFaults.ModelParseEndless({ file: basename(request.path), cpuMs }));
        },
        () => {}, // it has ended
      );
    }, checkMs);
    try {
      worker.postMessage(request, []);
      const told = once(worker, "message", { signal: ended.signal });
      const [answer] = (await Promise.race([told, endless.promise])) as [ParseAnswer]; // see reading-thread.ts
      if ("model" in answer) return answer.model;
      throw new Fault(answer.fault);
    } catch (thrown) {
      if (!(thrown instanceof Fault) || thrown.code === "ModelParseEndless") await this.#end();
      throw thrown;
    } finally {
      clearInterval(timer);
      ended.abort();
    }
  }

  async #renew(): Promise<void> {
    await this.#end();
    const entry = new URL("./reading-thread.ts", import.meta.url);
    this.#worker = new Worker(entry, { env: {}, execArgv: [], stdout: true, stderr: true });
    this.#reads = 0;
    await once(this.#worker, "online");
  }

  async #end(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }
}
