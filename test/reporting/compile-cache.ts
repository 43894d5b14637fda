import { enableCompileCache } from "node:module";

/**
 * Vitest setup: worker threads that tests start load stripped and compiled sources from the cache, as in the programs themselves.
 * Without it each thread runs Node's WebAssembly type stripper, and V8 crashes the process in one of some hundred threads that end
 * meanwhile (WasmCodeRefScope frees code of a module that is gone).
 */
enableCompileCache();
