/** Offsets of the regions in the program's memory. */
export const layout = {
  /** 10^0 to 10^19 as 64-bit integers. */
  wholePowers: 0,
  /** Two 32-bit integers: the address after the last value; whether any value was not written as an integer. */
  results: 192,
  /** 10^0 to 10^22 as doubles. */
  exactPowers: 256,
  /** `swizzle` masks that right-align `n` digits with leading zeros: sixteen bytes from offset `n` on. */
  shifts: 208,
  /** The table of `powersOfFive`. */
  fives: 512,
  /** Scanned numbers, to be copied out. */
  values: 32 * 1024,
  /** Scanned numbers of a short document, used in place until the next document is read. */
  slab: 64 * 1024,
  /** The window of the text. */
  text: 96 * 1024,
  /** Numbers converted to float32. */
  floats: 162 * 1024,
} as const;

/** Capacity of `values`, `slab` and `floats`, in numbers. `values` and `slab` start at multiples of their size in bytes. */
export const regionNumbers = 4096;

/** Size of the text window; longer texts are scanned window by window. */
export const windowBytes = 64 * 1024;
/** Longest number that the program reads: it starts no number with fewer bytes left in the text. */
export const marginBytes = 80;
