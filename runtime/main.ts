#!/usr/bin/env node
import { enableCompileCache } from "node:module";

// Before anything else is loaded: what is compiled once starts in half the time after that.
enableCompileCache();
const { runProgram } = await import("./program.ts");

/** The first SIGTERM or SIGINT stops in order, a second one at once. */
const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => (stop.signal.aborted ? process.exit() : stop.abort(signal)));
}
// Started by a program that keeps a channel to this one: without it there is nobody to serve for.
if (process.connected) process.once("disconnect", () => stop.abort("disconnect"));
/** Lines for whoever started the program; a reader such as `head` that has seen enough is no fault. */
function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
process.stdout.on("error", () => {});
function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}
const crash = new Promise<never>((_, reject) => process.once("uncaughtException", reject));
const ends = { stop: stop.signal, crash, print, complain: process.stderr.isTTY ? complain : undefined };
process.exit(await runProgram(process.argv.slice(2), process.env, ends));
