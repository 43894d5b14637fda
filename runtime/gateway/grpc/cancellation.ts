/** The cancellation of a call before it is answered: a lighter AbortSignal, since there is one per call. */
export class Cancellation {
  #reason: unknown;
  #isCancelled = false;
  #listener: (() => void) | undefined;

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** `clientLeft` or a fault. */
  get reason(): unknown {
    return this.#reason;
  }

  /** Cancels the call. Later reasons are ignored. */
  cancel(reason: unknown): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#reason = reason;
    this.#listener?.();
  }

  /** Calls back once on cancellation. Replaces the previous listener: a call has one owner at a time. */
  onCancel(listener: () => void): void {
    this.#listener = listener;
    if (this.#isCancelled) listener();
  }
}
