import { type Cursor, readString } from "../json/json-bytes.ts";
import type { FieldSelection, FieldMask } from "../json/field-mask.ts";
import { type Slot, type JsonTemplate, templateOf } from "../json/json-template.ts";
import { maxInternedLength, readInterned } from "../json/interning.ts";
import { type Layout, layoutOf, type Packed, unpacked } from "./packed.ts";

/**
 * Packs objects from their JSON without reading them, when they are like one that was: what differs between such objects is
 * taken from where it differs. Most objects of a kind are made by the same builders.
 */
export interface TemplatePacker<T extends object> {
  /** What is packed of the object whose JSON this is; undefined when it is like none that was learnt. */
  cast(json: Buffer): Packed<T> | undefined;
  /** Learns from an object that was read. */
  learn(json: Buffer, object: T): void;
}

export interface TemplatePackerOptions<T extends object> {
  /** Reads an object as it is to be kept. */
  readonly read: (json: Buffer) => T;
  /** What `read` keeps. */
  readonly keep: FieldMask;
  /** Names of members by whose texts `read` decides what it keeps. */
  readonly telling: readonly string[];
}

/** Structures of one kind that are remembered. */
const maxCasts = 16;
/** Objects from which is learnt in any case, and of how many that were cast one more: learning costs as much as reading several. */
const firstLessons = 64;
const castsPerLesson = 64;
/** After this many in a row that were like none, only one in so many is tried. */
const barrenAfter = 64;
const barrenTries = 16;

/** A casting that has met nothing yet. */
export function createTemplatePacker<T extends object>({ read, keep, telling }: TemplatePackerOptions<T>): TemplatePacker<T> {
  const tellingNames = new Set(telling);
  const casts: Cast<T>[] = [];
  let lessons = firstLessons * castsPerLesson;
  let misses = 0;
  const renew = (place: number, mould: JsonTemplate | undefined, json: Buffer, object: T): boolean => {
    if (mould === undefined) return false;
    const cast = createCast({ mould, read, keep });
    const isTrue = cast !== undefined && isMade(cast, json, object) && isMade(cast, mould.sample, read(mould.sample));
    if (isTrue) casts[place] = cast;
    return isTrue;
  };
  return {
    cast(json) {
      if (misses >= barrenAfter && misses % barrenTries !== 0) {
        misses += 1;
        return undefined;
      }
      for (const [place, cast] of casts.entries()) {
        const packed = cast.from(json);
        if (packed === undefined) continue;
        // Those that are met often come first.
        if (place > 0) casts.splice(place - 1, 2, cast, casts[place - 1] ?? cast);
        misses = 0;
        lessons += 1;
        return packed;
      }
      misses += 1;
      return undefined;
    },
    learn(json, object) {
      if (lessons < castsPerLesson) return;
      lessons -= castsPerLesson;
      if (casts.some(({ mould }, place) => renew(place, mould.widened(json), json, object))) return;
      renew(Math.min(casts.length, maxCasts - 1), templateOf(json, tellingNames), json, object);
    },
  };
}

/** Packs objects of one structure. */
interface Cast<T extends object> {
  readonly mould: JsonTemplate;
  from(json: Buffer): Packed<T> | undefined;
}

interface CastParts<T extends object> extends Pick<TemplatePackerOptions<T>, "read" | "keep"> {
  readonly mould: JsonTemplate;
}

/**
 * Where the content of a gap gets to is seen by what is read of JSON with marks in its gaps. Undefined when one gets into the
 * name of a member.
 */
function createCast<T extends object>({ mould, read, keep }: CastParts<T>): Cast<T> | undefined {
  const marked = read(mould.filled((gap, index) => String(markOf(gap, index))));
  const leaves = leavesOf(marked, keep);
  if (leaves === undefined) return undefined;
  const gapAt = new Map<unknown, number>(mould.gaps.map((gap, index) => [markOf(gap, index), index] as const));
  const sources = leaves.flatMap(({ value, keep: kept }): readonly Source[] => {
    const index = gapAt.get(value);
    return index === undefined ? [] : [{ index, read: contentReader(mould.gaps[index]?.type, kept) }];
  });
  const row: [Layout, ...unknown[]] = [layoutOf(marked, (leaf) => gapAt.has(leaf)), ...sources];
  const found = new Int32Array(mould.gaps.length * 2);
  return {
    mould,
    from(json) {
      if (!mould.fits(json, found)) return undefined;
      const cursor = { bytes: json, at: 0 };
      let place = 1;
      for (const source of sources) {
        cursor.at = found[source.index * 2] ?? 0;
        row[place] = source.read(cursor, found[source.index * 2 + 1] ?? 0);
        place += 1;
      }
      // A copy has no room for more.
      return row.slice() as [Layout, ...unknown[]]; // as long as it is
    },
  };
}

/** Where one of an object's own values comes from. */
interface Source {
  /** Of the gap. */
  readonly index: number;
  readonly read: ContentReader;
}

/** Reads what is in a gap, which begins at the cursor. */
type ContentReader = (cursor: Cursor, end: number) => unknown;

/** Unlike anything that servers write. */
function markOf({ type }: Slot, index: number): string | number {
  return type === "number" ? 7_306_051_200_000 + index : `${markBegin}${index}>`;
}

const markBegin = "<gap ";

interface Leaf {
  readonly value: unknown;
  /** What the reader was told of it. */
  readonly keep: LeafKeep;
}

/** `whole`: within what is kept with all its members. */
type LeafKeep = "own" | "interned" | "whole";

/** All values that are neither objects nor lists, in their order; undefined when members have names that an object cannot be made with. */
function leavesOf(value: unknown, keep: FieldSelection | LeafKeep): readonly Leaf[] | undefined {
  if (typeof value !== "object" || value === null) {
    return [{ value, keep: keep === true ? "own" : typeof keep === "object" ? "interned" : keep }];
  }
  const isList = Array.isArray(value);
  const leaves: Leaf[] = [];
  for (const [name, member] of Object.entries(value)) {
    if (name === "__proto__" || name.includes(markBegin)) return undefined;
    const further = leavesOf(member, isList && keep !== true ? keep : keepWithin(keep, name));
    if (further === undefined) return undefined;
    leaves.push(...further);
  }
  return leaves;
}

function keepWithin(keep: FieldSelection | LeafKeep, name: string): FieldSelection | LeafKeep {
  if (typeof keep === "object") return keep[name] ?? "interned";
  return keep === true ? "whole" : keep;
}

/** As readers do it: what many objects have is the same text in all of them. */
function contentReader(type: Slot["type"] | undefined, keep: LeafKeep): ContentReader {
  if (type === "number") return readWhole;
  return (cursor, end) => {
    const isShared = keep === "interned" || (keep === "whole" && end - cursor.at <= maxInternedLength);
    cursor.at -= 1;
    return isShared ? readInterned(cursor) : readString(cursor);
  };
}

function readWhole({ bytes, at }: Cursor, end: number): number {
  return Number(bytes.toString("latin1", at, end));
}

function isMade<T extends object>(cast: Cast<T>, json: Buffer, object: T): boolean {
  const packed = cast.from(json);
  return packed !== undefined && JSON.stringify(unpacked(packed)) === JSON.stringify(object);
}
