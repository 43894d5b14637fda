/** A request trace: requests in order of arrival, as typed columns. */
export interface Trace {
  readonly name: string;
  /** Length of the trace. */
  readonly seconds: number;
  /** Requests before this moment are served and not counted. */
  readonly warmupSeconds: number;
  /** Milliseconds from the start of the trace, ascending. */
  readonly arrivalsMs: Float64Array;
  /** Milliseconds that each request takes alone in a replica. */
  readonly servicesMs: Float64Array;
}

/** A trace as stored in a file: deltas and units keep it small when compressed. */
export interface StoredTrace {
  readonly name: string;
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Milliseconds per unit of `serviceUnits`. */
  readonly serviceUnitMs: number;
  /** Milliseconds since the previous arrival, for the first since 0. */
  readonly arrivalDeltasMs: readonly number[];
  readonly serviceUnits: readonly number[];
}

/** Decodes a stored trace. */
export function decodedTrace(stored: StoredTrace): Trace {
  const { name, seconds, warmupSeconds, serviceUnitMs, arrivalDeltasMs, serviceUnits } = stored;
  let atMs = 0;
  return {
    name,
    seconds,
    warmupSeconds,
    arrivalsMs: Float64Array.from(arrivalDeltasMs, (deltaMs) => (atMs += deltaMs)),
    servicesMs: Float64Array.from(serviceUnits, (units) => units * serviceUnitMs),
  };
}
