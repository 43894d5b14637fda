import { type Cursor, readString } from "../json/json-bytes.ts";
import type { FieldMask, FieldSelection } from "../json/field-mask.ts";
import { type JsonTemplate, type Slot, templateOf } from "../json/json-template.ts";
import { maxInternedLength, readInterned } from "../json/interning.ts";
import { type Layout, layoutOf, type Packed, unpacked } from "./packed.ts";

/**
 * Packs objects straight from their JSON, without parsing it, when the JSON matches a learned template: only the slots of the
 * template are read. Most objects of a kind match, because the same builders create them.
 */
export interface TemplatePacker<T extends object> {
  /** The packed object with this JSON; undefined when no template matches. */
  pack(json: Buffer): Packed<T> | undefined;
  /** Learns a template from an object that was parsed from this JSON. */
  learn(json: Buffer, object: T): void;
}

export interface TemplatePackerOptions<T extends object> {
  /** Parses an object as far as it is kept. */
  readonly read: (json: Buffer) => T;
  /** What `read` keeps. */
  readonly keep: FieldMask;
  /** Names of members by whose strings `read` decides what it keeps. */
  readonly discriminators: readonly string[];
}

/** Limit per kind. */
const maxTemplates = 16;
/** The first objects are all learned from, then one per `packsPerSample` packed: learning costs as much as several parses. */
const initialSamples = 64;
const packsPerSample = 64;
/** After this many misses in a row only one object in `triesOneIn` is matched against the templates. */
const missesBeforeBackoff = 64;
const triesOneIn = 16;

/** A packer that has learned no templates yet. */
export function createTemplatePacker<T extends object>({
  read,
  keep,
  discriminators,
}: TemplatePackerOptions<T>): TemplatePacker<T> {
  const discriminatorSet = new Set(discriminators);
  const templates: PackingTemplate<T>[] = [];
  let learningBudget = initialSamples * packsPerSample;
  let misses = 0;
  const replaceTemplate = (index: number, template: JsonTemplate | undefined, json: Buffer, object: T): boolean => {
    if (template === undefined) return false;
    const packing = createPackingTemplate({ template, read, keep });
    const isCorrect =
      packing !== undefined &&
      packsCorrectly(packing, json, object) &&
      packsCorrectly(packing, template.sample, read(template.sample));
    if (isCorrect) templates[index] = packing;
    return isCorrect;
  };
  return {
    pack(json) {
      if (misses >= missesBeforeBackoff && misses % triesOneIn !== 0) {
        misses += 1;
        return undefined;
      }
      for (const [index, packing] of templates.entries()) {
        const packed = packing.pack(json);
        if (packed === undefined) continue;
        // Moves frequent templates to the front.
        if (index > 0) templates.splice(index - 1, 2, packing, templates[index - 1] ?? packing);
        misses = 0;
        learningBudget += 1;
        return packed;
      }
      misses += 1;
      return undefined;
    },
    learn(json, object) {
      if (learningBudget < packsPerSample) return;
      learningBudget -= packsPerSample;
      if (templates.some(({ template }, index) => replaceTemplate(index, template.generalized(json), json, object)))
        return;
      replaceTemplate(Math.min(templates.length, maxTemplates - 1), templateOf(json, discriminatorSet), json, object);
    },
  };
}

/** Packs objects that match one template. */
interface PackingTemplate<T extends object> {
  readonly template: JsonTemplate;
  pack(json: Buffer): Packed<T> | undefined;
}

interface PackingTemplateOptions<T extends object> extends Pick<TemplatePackerOptions<T>, "read" | "keep"> {
  readonly template: JsonTemplate;
}

/**
 * Finds out which slot ends up in which value by parsing the template's JSON with placeholders in its slots. Undefined when a
 * slot is part of a member's name.
 */
function createPackingTemplate<T extends object>({
  template,
  read,
  keep,
}: PackingTemplateOptions<T>): PackingTemplate<T> | undefined {
  const markedObject = read(template.filled((slot, index) => String(placeholder(slot, index))));
  const leaves = leavesOf(markedObject, keep);
  if (leaves === undefined) return undefined;
  const slotIndexes = new Map<unknown, number>(
    template.slots.map((slot, index) => [placeholder(slot, index), index] as const),
  );
  const sources = leaves.flatMap(({ value, keep: leafKeep }): readonly Source[] => {
    const index = slotIndexes.get(value);
    return index === undefined ? [] : [{ index, read: contentReader(template.slots[index]?.type, leafKeep) }];
  });
  const row: [Layout, ...unknown[]] = [layoutOf(markedObject, (leaf) => slotIndexes.has(leaf)), ...sources];
  const ranges = new Int32Array(template.slots.length * 2);
  return {
    template,
    pack(json) {
      if (!template.matches(json, ranges)) return undefined;
      const cursor = { bytes: json, at: 0 };
      let place = 1;
      for (const source of sources) {
        cursor.at = ranges[source.index * 2] ?? 0;
        row[place] = source.read(cursor, ranges[source.index * 2 + 1] ?? 0);
        place += 1;
      }
      // `row` is reused; a slice has no spare capacity.
      return row.slice() as [Layout, ...unknown[]]; // as long as it is
    },
  };
}

/** The slot that one of an object's own values is read from. */
interface Source {
  /** Index of the slot. */
  readonly index: number;
  readonly read: ContentReader;
}

/** Reads the content of a slot, which begins at the cursor. */
type ContentReader = (cursor: Cursor, end: number) => unknown;

/** A value that servers never write. */
function placeholder({ type }: Slot, index: number): string | number {
  return type === "number" ? 7_306_051_200_000 + index : `${placeholderPrefix}${index}>`;
}

const placeholderPrefix = "<slot ";

interface Leaf {
  readonly value: unknown;
  /** How the field mask keeps it. */
  readonly keep: LeafKeep;
}

/** `whole`: within a value that is kept with all its members. */
type LeafKeep = "own" | "interned" | "whole";

/** All scalar values, in order; undefined when a member's name is `__proto__` or contains a placeholder. */
function leavesOf(value: unknown, keep: FieldSelection | LeafKeep): readonly Leaf[] | undefined {
  if (typeof value !== "object" || value === null) {
    return [{ value, keep: keep === true ? "own" : typeof keep === "object" ? "interned" : keep }];
  }
  const isList = Array.isArray(value);
  const leaves: Leaf[] = [];
  for (const [name, member] of Object.entries(value)) {
    if (name === "__proto__" || name.includes(placeholderPrefix)) return undefined;
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

/** Interns strings exactly as `projectingReader` does. */
function contentReader(type: Slot["type"] | undefined, keep: LeafKeep): ContentReader {
  if (type === "number") return readInteger;
  return (cursor, end) => {
    const isInterned = keep === "interned" || (keep === "whole" && end - cursor.at <= maxInternedLength);
    cursor.at -= 1;
    return isInterned ? readInterned(cursor) : readString(cursor);
  };
}

function readInteger({ bytes, at }: Cursor, end: number): number {
  return Number(bytes.toString("latin1", at, end));
}

function packsCorrectly<T extends object>(packing: PackingTemplate<T>, json: Buffer, object: T): boolean {
  const packed = packing.pack(json);
  return packed !== undefined && JSON.stringify(unpacked(packed)) === JSON.stringify(object);
}
