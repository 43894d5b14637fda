/** Requests that go on all the time, several at once. */
export interface Load<T> {
  count(): number;
  /** Lets what is under way finish; answers are in the order in which they came. */
  end(): Promise<{ readonly answers: readonly T[]; readonly failures: readonly string[] }>;
}

/** Asks again and again on `connections` lanes; what `ask` throws is a failure. */
export function load<T>(connections: number, ask: () => Promise<T>): Load<T> {
  const answers: T[] = [];
  const failures: string[] = [];
  const ending = new AbortController();
  const lane = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      try {
        answers.push(await ask());
      } catch (thrown) {
        failures.push(String(thrown));
      }
    }
  };
  const lanes = Array.from({ length: connections }, lane);
  return {
    count: () => answers.length,
    async end() {
      ending.abort();
      await Promise.all(lanes);
      return { answers, failures };
    },
  };
}
