import { Fault, type FaultLevel, type FaultRecord, type Retry } from "../fault.ts";

/** The fields of a fault as posted to another thread; `new Fault(fields)` restores it. */
export interface SerializedFault extends FaultRecord {
  readonly retry: Retry;
  readonly level: FaultLevel;
}

/** Converts a thrown value for posting to another thread. */
export function serializedFault(thrown: unknown): SerializedFault {
  const { record, retry, level } = Fault.from(thrown);
  return { ...record, retry, level };
}
