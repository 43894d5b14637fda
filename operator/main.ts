#!/usr/bin/env node
import { enableCompileCache } from "node:module";

// Before anything else is loaded: with code cached by an earlier start, Node need not strip types, which saves time and memory.
enableCompileCache();
const { runProgram } = await import("./program.ts");

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
process.exit(await runProgram(process.argv.slice(2), process.env, stop.signal));
