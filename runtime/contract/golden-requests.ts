/** Limits of the golden requests that a pod returns for its model; recorded requests beyond them are left out. */
export const goldenLimits = { requests: 100, bytes: 8 * 1024 * 1024 } as const;
