/** The newest values of a series, one per second, with their mean. */
export interface LoadWindow {
  readonly values: Float64Array;
  /** Values recorded so far. */
  count: number;
  sum: number;
}

/** An empty window of `seconds` values. */
export function loadWindow(seconds: number): LoadWindow {
  return { values: new Float64Array(seconds), count: 0, sum: 0 };
}

/** Adds the newest value; returns the mean of the values in the window, which may not be full yet. */
export function recordedMean(window: LoadWindow, value: number): number {
  const { values } = window;
  const at = window.count % values.length;
  window.sum += value - (values[at] ?? 0);
  values[at] = value;
  window.count += 1;
  return window.sum / Math.min(window.count, values.length);
}

/** The value recorded `seconds` before the newest; 0 when there is none. */
export function recordedBefore({ values, count }: LoadWindow, seconds: number): number {
  const index = count - 1 - seconds;
  return index < 0 ? 0 : (values[index % values.length] ?? 0);
}
