/** Deep equality of two JSON values, regardless of key order; an undefined member counts as absent. */
export function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) || Array.isArray(other)) {
    return Array.isArray(one) && Array.isArray(other) && one.length === other.length && one.every(at(other));
  }
  const [left, right] = [one as Members, other as Members]; // JSON that is neither a list nor a plain value
  return hasAllOf(left, right) && definedCount(left) === definedCount(right);
}

function at(other: readonly unknown[]): (value: unknown, index: number) => boolean {
  return (value, index) => isEqual(value, other[index]);
}

function hasAllOf(one: Members, other: Members): boolean {
  for (const key in one) {
    if (one[key] !== undefined && !(Object.hasOwn(other, key) && isEqual(one[key], other[key]))) return false;
  }
  return true;
}

function definedCount(object: Members): number {
  let count = 0;
  for (const key in object) if (object[key] !== undefined) count += 1;
  return count;
}

type Members = { readonly [key: string]: unknown };
