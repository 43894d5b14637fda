/** Bounds of the golden requests that a pod tells of its model: what is recorded beyond them is left out. */
export const goldenLimits = { requests: 100, bytes: 8 * 1024 * 1024 } as const;
