/** What an installation consists of, each taken away on its own. */
const parts = ["operator", "definition", "objects", "namespace"] as const;
export type Part = (typeof parts)[number];

/** Every order in which they can be taken away. */
export const orders: readonly (readonly Part[])[] = permutations(parts);

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}
