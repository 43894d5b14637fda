/**
 * Which members of a JSON object are kept: all of a member, or some of its own; of a list the same of every entry. What
 * many objects have alike, as labels and owners, is `shared`: equal values become one and the same.
 */
export type Keep = true | "shared" | KeptMembers;

export interface KeptMembers {
  readonly [member: string]: Keep;
}

/** Makes of a value what is kept of it. */
export type Keeper = (value: unknown) => unknown;

/** A keeper of one shape of objects. */
export function keeper(keep: Keep): Keeper {
  if (keep === true) return (value) => value;
  if (keep === "shared") return sharedValue;
  const members = Object.entries(keep).map(([name, kept]) => [name, keeper(kept)] as const);
  const newObject = createMaker();
  const ofObject = (value: object): object => {
    const source = value as { readonly [name: string]: unknown }; // JSON that is no list
    const made = newObject();
    for (const [name, kept] of members) if (Object.hasOwn(source, name)) made[name] = kept(source[name]);
    return made;
  };
  const ofAny: Keeper = (value) => {
    if (typeof value !== "object" || value === null) return value;
    return Array.isArray(value) ? value.map(ofAny) : ofObject(value);
  };
  return ofAny;
}

/**
 * Makes plain objects that take no more memory than their members: V8 watches what becomes of the first objects of a
 * constructor, and leaves the later ones room for just as much; those of `{}` are all left room for the same.
 */
function createMaker(): () => { [name: string]: unknown } {
  const Made = function Made() {} as unknown as new () => { [name: string]: unknown }; // a function is one, too
  Made.prototype = Object.prototype;
  return () => new Made();
}

/** More values than a large cluster has owners; beyond it all are forgotten and shared anew. */
const maxComposites = 100_000;
/** Types, reasons, names of nodes and images: few, but for times. */
const maxTexts = 10_000;
const texts = new Map<string, string>();
/** By a hash: their texts would take more memory than sharing saves. Weak, as nobody tells which are still needed. */
const composites = new Map<number, WeakRef<object>>();

/** The first of all values equal to this one, whoever met it. */
function sharedValue(value: unknown): unknown {
  if (typeof value === "string") return sharedText(value);
  if (typeof value !== "object" || value === null) return value;
  const text = JSON.stringify(value);
  const hash = textNumber(text);
  const known = composites.get(hash)?.deref();
  if (known !== undefined && JSON.stringify(known) === text) return known;
  if (composites.size >= maxComposites) composites.clear();
  composites.set(hash, new WeakRef(value));
  return value;
}

function sharedText(text: string): string {
  const known = texts.get(text);
  if (known !== undefined) return known;
  if (texts.size >= maxTexts) texts.clear();
  texts.set(text, text);
  return text;
}

/** FNV-1a (Fowler, Noll, Vo) with two primes: 53 bits. */
function textNumber(text: string): number {
  let low = 0x81_1c_9d_c5;
  let high = 0x1b_87_35_93;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 16_777_619);
    high = Math.imul(high ^ code, 2_654_435_761);
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
