import type { Worker } from "node:worker_threads";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { startProgramThread } from "../../base/threads/program-threads.ts";
import { receivedTensor, tensorTransfer } from "../../dataplane/tensor-transfer.ts";
import { faults } from "../../dataplane/faults.ts";
import type { Signatures } from "../../dataplane/signature.ts";
import type { Tensor } from "../../dataplane/tensor.ts";
import type { LoadedModel } from "../../engines/engine.ts";
import { type Call, endOfThread, type ModelFacts, type ThreadNews, type ThreadOrder } from "./thread-messages.ts";

/** How a model in a thread of its own is held. */
export interface ThreadTerms {
  /** A call that takes longer ends the thread; the model is loaded anew for the next one. */
  readonly maxCallMs: number;
  /**
   * Called when a thread still runs a minute after it was to end: native code that nothing interrupts keeps a core. Returns what
   * is called once it has ended after all.
   */
  readonly onStuck?: () => () => void;
  readonly clock: Clock;
}

/** A thread that has not ended by then is stuck. */
const stuckAfterMs = 60_000;

/** Loads a model in a thread of its own. Rejects with the Fault that `loadModel` threw there. */
export async function threadedModel(order: ThreadOrder, terms: ThreadTerms): Promise<ThreadedModel> {
  const thread = await loadedThread(order);
  return new ThreadedModel(order, terms, thread);
}

interface Thread {
  readonly worker: Worker;
  readonly model: ModelFacts;
}

interface Pending {
  readonly resolve: (answer: { readonly outputs: readonly Tensor[]; readonly engineMs: number }) => void;
  readonly reject: (error: Error) => void;
  readonly stopTimer: () => void;
}

/**
 * A model whose engine runs beside the event loop: a long call keeps no other request waiting, an endless one is ended, and all
 * memory, that of WebAssembly too, is given back with the thread.
 */
export class ThreadedModel implements LoadedModel {
  readonly format: string;
  readonly engine: string;
  readonly signatures: Signatures;
  readonly weightBytes: number;
  readonly note?: string;
  readonly isUninterruptible?: true;
  readonly #order: ThreadOrder;
  readonly #terms: ThreadTerms;
  readonly #pending = new Map<number, Pending>();
  #thread: Promise<Thread> | undefined;
  /** The worker whose calls are pending; what is told of an earlier one is old news. */
  #worker: Worker | undefined;
  #isUnloaded = false;
  #lastId = 0;

  constructor(order: ThreadOrder, terms: ThreadTerms, thread: Thread) {
    this.#order = order;
    this.#terms = terms;
    this.format = thread.model.format;
    this.engine = thread.model.engine;
    this.signatures = thread.model.signatures;
    this.weightBytes = thread.model.weightBytes;
    if (thread.model.note !== undefined) this.note = thread.model.note;
    if (thread.model.isUninterruptible === true) this.isUninterruptible = true;
    this.#attach(thread);
    this.#thread = Promise.resolve(thread);
  }

  async infer(inputs: readonly Tensor[], signature?: string): Promise<readonly Tensor[]> {
    return (await this.timed(inputs, signature)).outputs;
  }

  /** Like `infer`, with the time that the engine took in its thread. */
  async timed(
    inputs: readonly Tensor[],
    signature?: string,
  ): Promise<{ readonly outputs: readonly Tensor[]; readonly engineMs: number }> {
    if (this.#isUnloaded) throw new Error(endOf(true));
    const { worker } = await (this.#thread ?? this.#restart());
    if (this.#isUnloaded || worker !== this.#worker) throw new Error(endOf(this.#isUnloaded));
    const { tensors, transferList } = tensorTransfer(inputs, false);
    const call: Call = { id: ++this.#lastId, inputs: tensors, signature };
    return new Promise((resolve, reject) => {
      const stopTimer = this.#terms.clock.after(this.#terms.maxCallMs, () => this.#giveUp(worker));
      this.#pending.set(call.id, { resolve, reject, stopTimer });
      worker.postMessage(call, transferList);
    });
  }

  unload(): void {
    this.#isUnloaded = true;
    const isBusy = this.#pending.size > 0;
    void this.#thread?.then(
      ({ worker }) => this.#end(worker, isBusy),
      () => {}, // it has ended already
    );
    this.#lose(this.#worker, endOf(true));
  }

  async #restart(): Promise<Thread> {
    this.#thread = loadedThread(this.#order);
    try {
      const thread = await this.#thread;
      this.#attach(thread);
      return thread;
    } catch (thrown) {
      this.#thread = undefined;
      throw thrown;
    }
  }

  #attach({ worker }: Thread): void {
    this.#worker = worker;
    worker.on("message", (news: ThreadNews) => this.#settle(news));
    worker.once("error", (error: Error) => this.#lose(worker, `the thread of the engine ended: ${error.message}`));
    worker.once("exit", () => this.#lose(worker, endOf(false)));
    worker.unref();
  }

  #settle(news: ThreadNews): void {
    if (news.kind === "loaded" || news.kind === "failed") return;
    const pending = this.#pending.get(news.id);
    this.#pending.delete(news.id);
    pending?.stopTimer();
    if (news.kind === "answer") pending?.resolve({ outputs: news.outputs.map(receivedTensor), engineMs: news.engineMs });
    else pending?.reject(typeof news.reason === "string" ? new Error(news.reason) : new Fault(news.reason));
  }

  #giveUp(worker: Worker): void {
    this.#lose(worker, `no answer within ${this.#terms.maxCallMs} ms; the model is loaded anew`);
    this.#end(worker, true);
  }

  /** A call that cannot be interrupted goes on until it is through; its thread then ends itself. */
  #end(worker: Worker, isBusy: boolean): void {
    this.#watchEnd(worker);
    if (isBusy && this.isUninterruptible === true) worker.postMessage(endOfThread, []);
    else void worker.terminate();
  }

  /** No thread can be ended within native code, whatever its engine says: whether it has ended is seen from outside. */
  #watchEnd(worker: Worker): void {
    const { clock, onStuck } = this.#terms;
    if (onStuck === undefined) return;
    let ended: (() => void) | undefined;
    const stopTimer = clock.after(stuckAfterMs, () => (ended = onStuck()));
    worker.once("exit", () => {
      stopTimer();
      ended?.();
    });
  }

  #lose(worker: Worker | undefined, reason: string): void {
    if (worker !== this.#worker) return;
    this.#thread = undefined;
    this.#worker = undefined;
    for (const { reject, stopTimer } of this.#pending.values()) {
      stopTimer();
      reject(faults.EngineLost({ reason }));
    }
    this.#pending.clear();
  }
}

function endOf(isUnloaded: boolean): string {
  return isUnloaded ? "the model has been unloaded" : "the thread of the engine ended";
}

function loadedThread(order: ThreadOrder): Promise<Thread> {
  const worker = startProgramThread("engine", { workerData: order, stderr: true }); // engines print what their errors say again
  return new Promise((resolve, reject) => {
    const ended = (code: number): void => reject(new Error(`the thread of the engine ended with code ${code}`));
    worker.once("error", reject);
    worker.once("exit", ended);
    worker.once("message", (news: ThreadNews) => {
      worker.off("error", reject).off("exit", ended);
      if (news.kind === "loaded") {
        resolve({ worker, model: news.model });
        return;
      }
      void worker.terminate();
      reject(news.kind === "failed" ? new Fault(news.fault) : new Error(`unexpected news: ${news.kind}`));
    });
  });
}
