import type { ResponseHead } from "../upstream/response-head.ts";

/** Responses up to this size are kept for comparison. */
export const maxCapturedBytes = 256 * 1024;

/** What a comparison needs of a response. */
export interface CapturedAnswer {
  status: number;
  /** Empty unless the response is comparable. */
  chunks: Buffer[];
  sizeBytes: number;
  /** It is uncompressed JSON, and not too long. */
  isComparable: boolean;
  /** Undefined: incomplete; false: it broke off. */
  isWhole: boolean | undefined;
}

/** A response that has not begun; without `isWanted` nothing of it is kept. */
export function capturedAnswer(isWanted: boolean): CapturedAnswer {
  return { status: 0, chunks: [], sizeBytes: 0, isComparable: isWanted, isWhole: undefined };
}

/** Records the head of a response; only uncompressed JSON with a success status is compared. */
export function captureHead(answer: CapturedAnswer, { status, headers }: ResponseHead): void {
  answer.status = status;
  answer.isComparable &&= isSuccess(status) && isPlainJson(headers);
}

/** Records a chunk of a response, up to a size. */
export function captureChunk(answer: CapturedAnswer, chunk: Buffer): void {
  if (!answer.isComparable) return;
  answer.sizeBytes += chunk.length;
  answer.chunks.push(chunk);
  if (answer.sizeBytes <= maxCapturedBytes) return;
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
