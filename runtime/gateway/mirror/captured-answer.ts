import type { ResponseHead } from "../upstream/response-head.ts";

/** Bytes of an answer that are kept to be compared; of longer ones none are. */
export const maxBytes = 256 * 1024;

/** An answer as far as a comparison needs it. */
export interface KeptAnswer {
  status: number;
  /** Empty unless it is worth comparing. */
  chunks: Buffer[];
  sizeBytes: number;
  /** It is JSON, not compressed, and not too long. */
  isComparable: boolean;
  /** undefined: it has not ended; false: it broke off. */
  isWhole: boolean | undefined;
}

/** An answer that nothing has come of yet; without `isWanted` nothing of it is kept. */
export function keptAnswer(isWanted: boolean): KeptAnswer {
  return { status: 0, chunks: [], sizeBytes: 0, isComparable: isWanted, isWhole: undefined };
}

/** Notes the head of an answer; only plain JSON of a success is compared. */
export function keepHead(answer: KeptAnswer, { status, headers }: ResponseHead): void {
  answer.status = status;
  answer.isComparable &&= isSuccess(status) && isPlainJson(headers);
}

/** Notes a part of an answer, up to a size. */
export function keepChunk(answer: KeptAnswer, chunk: Buffer): void {
  if (!answer.isComparable) return;
  answer.sizeBytes += chunk.length;
  answer.chunks.push(chunk);
  if (answer.sizeBytes <= maxBytes) return;
  answer.isComparable = false;
  answer.chunks = [];
}

/** Whether a status is 2xx. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function isPlainJson(headers: readonly string[]): boolean {
  let isJson = false;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i]?.toLowerCase();
    if (name === "content-encoding") return false;
    if (name === "content-type") isJson = /^application\/json\b/i.test(headers[i + 1] ?? "");
  }
  return isJson;
}
