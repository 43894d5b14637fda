/** Grid of request counts: every number while small, then in steps of a tenth. */
export interface InsideGrid {
  readonly values: Float64Array;
  /** Index of the first that is not less. */
  nearest(inside: number): number;
  /** Of a figure for each of them, by index, that of `inside`: on the line between its neighbours; beyond the last the last's. */
  between(inside: number, figure: (index: number) => number): number;
}

/** From none to about `most`. */
export function insideGrid(most: number): InsideGrid {
  const found = [0];
  for (let next = 1; next < 1.1 * most; next = Math.max(next + 1, Math.ceil(next * 1.1))) found.push(next);
  const values = Float64Array.from(found);
  const last = values.length - 1;
  const above = Uint16Array.from({ length: values[last] ?? 0 }, (_, whole) =>
    values.findIndex((value) => value > whole),
  );
  return {
    values,
    nearest(inside) {
      const index = above[Math.floor(inside)] ?? last;
      return (values[index - 1] ?? 0) >= inside ? index - 1 : index;
    },
    between(inside, figure) {
      const index = above[Math.floor(inside)];
      if (index === undefined) return figure(last);
      const [low = 0, high = 1] = [values[index - 1], values[index]];
      const share = (inside - low) / (high - low);
      // Not of a neighbour that is infinite and does not count.
      return share === 0 ? figure(index - 1) : figure(index - 1) * (1 - share) + figure(index) * share;
    },
  };
}
