import { type Code, type f64Type, type i32Type, type i64Type, type v128Type, unsigned } from "./instructions.ts";

/** WebAssembly value types. */
export type ValueType = typeof i32Type | typeof i64Type | typeof f64Type | typeof v128Type;

/** A function of a module. Its locals are numbered from the parameters on. */
export interface FunctionDefinition {
  readonly parameters: readonly ValueType[];
  readonly result: ValueType;
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

/** A WebAssembly module before encoding. */
export interface ModuleDefinition {
  /** Size of the memory, in pages of 64 KiB. */
  readonly memoryPages: number;
  /** Exported by name and numbered in this order. */
  readonly functions: Readonly<Record<string, FunctionDefinition>>;
}

const magic = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const functionType = 0x60;
const end = 0x0b;

/** Encodes a module in WebAssembly's binary format (core specification 2.0, chapter 5.5). It exports its memory as `memory`. */
export function moduleBytes({ memoryPages, functions }: ModuleDefinition): Uint8Array<ArrayBuffer> {
  const all = Object.entries(functions);
  const types = all.map(([, { parameters, result }]) => [
    functionType,
    ...vector(parameters.map((type) => [type])),
    1,
    result,
  ]);
  const exports = [named("memory", [0x02, 0]), ...all.map(([name], i) => named(name, [0x00, ...unsigned(i)]))];
  const bodies = all.map(([, { locals, body }]) => {
    const code = [...vector(locals.map((type) => [1, type])), ...body, end];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...magic,
    ...section(1, vector(types)),
    ...section(3, vector(all.map((_, i) => unsigned(i)))),
    ...section(5, vector([[0x00, ...unsigned(memoryPages)]])),
    ...section(7, vector(exports)),
    ...section(10, vector(bodies)),
  ]);
}

function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function named(name: string, what: Code): Code {
  return [...unsigned(name.length), ...Buffer.from(name), ...what];
}
