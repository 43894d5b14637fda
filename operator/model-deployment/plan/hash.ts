/** 32 characters that rarely spell words and do not look alike: those of Kubernetes' own name suffixes, and a few more. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789aeiuy";

/** JSON with sorted keys and without undefined members: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

/** Hash of a JSON value in ten characters, independent of key order. */
export function hash(value: unknown): string {
  return textHash(canonicalJson(value));
}

/** Hash of a text in ten characters: 50 of the 53 bits of cyrb53 (bryc, public domain). */
export function textHash(text: string): string {
  let [high, low] = cyrb53(text);
  let characters = "";
  for (let index = 0; index < 5; index += 1) {
    characters += `${alphabet[high & 31] ?? ""}${alphabet[low & 31] ?? ""}`;
    high >>>= 5;
    low >>>= 5;
  }
  return characters;
}

function cyrb53(text: string): [number, number] {
  let high = 0xde_ad_be_ef;
  let low = 0x41_c6_ce_57;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return [high >>> 0, low >>> 0];
}
