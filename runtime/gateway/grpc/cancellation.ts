/** That a call is over before it was answered. An AbortSignal in less: there is one for each call. */
export class CallEnd {
  #reason: unknown;
  #isOver = false;
  #listener: (() => void) | undefined;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Why: `clientLeft` or a fault. */
  get reason(): unknown {
    return this.#reason;
  }

  /** The first reason counts. */
  end(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reason = reason;
    this.#listener?.();
  }

  /** Calls back once, when it ends: whoever has the call at that time, in place of who had it before. */
  onEnd(listener: () => void): void {
    this.#listener = listener;
    if (this.#isOver) listener();
  }
}
