import { isList, isObject, type JsonObject } from "../../../model/formats/keras/topology/json-config.ts";
import { NotExportedError } from "./values.ts";

/** An integer of a layer's config. Throws NotExportedError for other values. */
export function integer(config: JsonObject, key: string): number {
  const value = config[key];
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new NotExportedError(`${key}=${JSON.stringify(value)} is not an integer`);
}

/** A number of a layer's config. Throws NotExportedError for other values. */
export function real(config: JsonObject, key: string, fallback: number): number {
  const value = config[key] ?? fallback;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new NotExportedError(`${key}=${JSON.stringify(value)} is not a number`);
}

/** A boolean of a layer's config. */
export function flag(config: JsonObject, key: string, fallback: boolean): boolean {
  const value = config[key];
  return typeof value === "boolean" ? value : fallback;
}

/** A string of a layer's config. */
export function word(config: JsonObject, key: string, fallback: string): string {
  const value = config[key];
  return typeof value === "string" ? value : fallback;
}

/** Integers of a layer's config, one per axis; a single number stands for all axes. */
export function integers(config: JsonObject, key: string, count: number, fallback = 1): readonly number[] {
  const value = config[key] ?? fallback;
  const list = isList(value) ? value : Array.from({ length: count }, () => value);
  const numbers = list.filter((item) => typeof item === "number" && Number.isSafeInteger(item));
  if (numbers.length === count) return numbers as number[]; // filtered to numbers
  throw new NotExportedError(`${key}=${JSON.stringify(value)} is not ${count} integers`);
}

/** Pairs of integers, one per axis, given as one number, one number per axis, or pairs. */
export function pairs(config: JsonObject, key: string, count: number): readonly (readonly [number, number])[] {
  const value = config[key] ?? 1;
  const list = isList(value) ? value : Array.from({ length: count }, () => value);
  const isFlatPair = count === 1 && list.length === 2;
  const items = isFlatPair ? [list] : list;
  const found = items.map((item) => {
    const [before, after] = isList(item) ? item : [item, item];
    if (Number.isSafeInteger(before) && Number.isSafeInteger(after)) return [Number(before), Number(after)] as const;
    throw new NotExportedError(`${key}=${JSON.stringify(value)} is not a list of pairs`);
  });
  if (found.length === count) return found;
  throw new NotExportedError(`${key}=${JSON.stringify(value)} is not a list of ${count} pairs`);
}

/** A wrapped layer, as `{class_name, config}`. */
export function innerLayer(
  config: JsonObject,
  key: string,
): { readonly className: string; readonly config: JsonObject } {
  const value = config[key];
  const inner = isObject(value) ? value["config"] : undefined;
  if (isObject(value) && isObject(inner)) return { className: word(value, "class_name", ""), config: inner };
  throw new NotExportedError(`it has no ${key}`);
}

/** Throws NotExportedError unless `data_format` is `channels_last`. */
export function requireChannelsLast(config: JsonObject): void {
  const format = config["data_format"] ?? null;
  if (format === null || format === "channels_last") return;
  throw new NotExportedError(`data_format=${JSON.stringify(format)} is not exported`);
}
