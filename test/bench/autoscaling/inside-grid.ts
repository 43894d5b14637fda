/** A grid of numbers of requests: every small number, then steps of a tenth. */
export interface InsideGrid {
  readonly values: Float64Array;
  /** Index of the first value that is not less than `inside`. */
  nearest(inside: number): number;
  /** Linear interpolation of a figure that is given by index; beyond the last value, the last figure. */
  between(inside: number, figure: (index: number) => number): number;
}

/** A grid from 0 to about `most`. */
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
      // Without the upper neighbour, whose figure may be infinite: 0 * Infinity is NaN.
      return share === 0 ? figure(index - 1) : figure(index - 1) * (1 - share) + figure(index) * share;
    },
  };
}
