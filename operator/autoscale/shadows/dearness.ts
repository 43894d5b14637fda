const dearest = 100;

/** How dear a late request is, from 0 to 1 (κ of 100 and above): who loses much by one is the more careful. */
export function dearness(kappa: number): number {
  return Math.min(1, kappa / dearest);
}
