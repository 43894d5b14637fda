/** That a call is over before it was answered. An AbortSignal in less: there is one for each call. */
export class CallEnd {
  #reason: unknown;
  #isOver = false;
  #listeners: (() => void)[] = [];

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
    for (const listener of this.#listeners) listener();
  }

  /** Calls back once, when it ends. */
  onEnd(listener: () => void): void {
    if (this.#isOver) listener();
    else this.#listeners.push(listener);
  }
}
