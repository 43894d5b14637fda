import { writeFileSync } from "node:fs";
import type { Fault } from "./base/fault.ts";
import { exitCodes } from "./contract/exit-codes.ts";
import { terminationMessageBytes } from "./contract/termination.ts";

/** A fault as the contract's termination message: one line of JSON of at most 4096 bytes, the message cut if need be. */
export function lastWords({ record }: Fault): string {
  let words = JSON.stringify(record);
  let kept = record.message.length;
  while (Buffer.byteLength(words) > terminationMessageBytes) {
    kept = Math.floor(kept * 0.9);
    words = JSON.stringify({ ...record, message: `${record.message.slice(0, kept)}…` });
  }
  return words;
}

/** Writes the last words for kubelet to read. */
export function leaveLastWords(path: string | undefined, fault: Fault): void {
  if (path !== undefined) writeFileSync(path, lastWords(fault));
}

const usageCodes = new Set([
  "OptionInvalid",
  "OptionMissing",
  "UsageWrong",
  "ConfigurationInvalid",
  "ConfiguredModelInvalid",
]);

/** The contract's exit code for a fault: whether starting again can help. */
export function exitCodeOf({ code, retry }: Fault): number {
  if (usageCodes.has(code)) return exitCodes.usage;
  if (code === "Unexpected") return exitCodes.internal;
  return retry === "never" ? exitCodes.modelRefused : exitCodes.sourceUnavailable;
}
