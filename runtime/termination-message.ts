import { writeFileSync } from "node:fs";
import type { Fault } from "./base/fault.ts";
import { exitCodes } from "./contract/exit-codes.ts";
import { terminationMessageBytes } from "./contract/termination.ts";

/** A fault as the contract's termination message: one line of JSON of at most 4096 bytes, its `message` truncated if necessary. */
export function terminationText({ record }: Fault): string {
  let text = JSON.stringify(record);
  let length = record.message.length;
  while (Buffer.byteLength(text) > terminationMessageBytes) {
    length = Math.floor(length * 0.9);
    text = JSON.stringify({ ...record, message: `${record.message.slice(0, length)}…` });
  }
  return text;
}

/** Writes the termination message for the kubelet to read; without a path, none. */
export function writeTerminationMessage(path: string | undefined, fault: Fault): void {
  if (path !== undefined) writeFileSync(path, terminationText(fault));
}

const usageCodes = new Set([
  "OptionInvalid",
  "OptionMissing",
  "UsageWrong",
  "ConfigurationInvalid",
  "ConfiguredModelInvalid",
]);

/** The contract's exit code for a fault, which tells whether a restart can help. */
export function exitCodeOf({ code, retry }: Fault): number {
  if (usageCodes.has(code)) return exitCodes.usage;
  if (code === "Unexpected") return exitCodes.internal;
  return retry === "never" ? exitCodes.modelRefused : exitCodes.sourceUnavailable;
}
