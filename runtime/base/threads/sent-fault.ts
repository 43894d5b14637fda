import { Fault, type FaultLevel, type FaultRecord, type Retry } from "../fault.ts";

/** A fault as it travels between threads: `new Fault` makes it one again. */
export interface SentFault extends FaultRecord {
  readonly retry: Retry;
  readonly level: FaultLevel;
}

/** What was thrown, ready to be sent. */
export function sentFault(thrown: unknown): SentFault {
  const { record, retry, level } = Fault.from(thrown);
  return { ...record, retry, level };
}
