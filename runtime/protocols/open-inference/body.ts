import { faults } from "./faults.ts";

/** A request body, split into its JSON and the binary tensor data after it. */
export interface SplitBody {
  readonly json: Buffer;
  readonly binary: Buffer;
}

/**
 * Splits a body at `Inference-Header-Content-Length`. `undefined` when that is 0: the whole body is then the data of the only
 * input. Throws `HeaderLengthInvalid`.
 */
export function splitBody(body: Buffer, headerLength: string | string[] | undefined): SplitBody | undefined {
  if (headerLength === undefined) return { json: body, binary: body.subarray(body.length) };
  const value = String(headerLength).trim();
  const length = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(length <= body.length)) throw faults.HeaderLengthInvalid({ value, bodyBytes: body.length });
  return length === 0 ? undefined : { json: body.subarray(0, length), binary: body.subarray(length) };
}
