/** A continuous load of concurrent requests. */
export interface Load<T> {
  count(): number;
  /** Waits for requests in flight; answers are in the order in which they came. */
  end(): Promise<{ readonly answers: readonly T[]; readonly failures: readonly string[] }>;
}

/** Starts `connections` workers that call `ask` in a loop; an error that it throws counts as a failure. */
export function load<T>(connections: number, ask: () => Promise<T>): Load<T> {
  const answers: T[] = [];
  const failures: string[] = [];
  const ending = new AbortController();
  const worker = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      try {
        answers.push(await ask());
      } catch (thrown) {
        failures.push(String(thrown));
      }
    }
  };
  const workers = Array.from({ length: connections }, worker);
  return {
    count: () => answers.length,
    async end() {
      ending.abort();
      await Promise.all(workers);
      return { answers, failures };
    },
  };
}
