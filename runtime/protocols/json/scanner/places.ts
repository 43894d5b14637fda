/** Where the program finds what it reads and puts what it has read: offsets in its memory. */
export const places = {
  /** 10^0 to 10^19 as whole numbers. */
  wholePowers: 0,
  /** Two numbers of 32 bits: the end of the values; whether one of them was not written as a whole number. */
  results: 192,
  /** 10^0 to 10^22 as doubles. */
  exactPowers: 256,
  /** From its offset on by a number of digits, what `swizzle` needs to put zeros before these: sixteen bytes. */
  shifts: 208,
  /** See `powersOfFive`. */
  fives: 512,
  /** Numbers that were read: they are copied from here. */
  values: 32 * 1024,
  /** Numbers of a short document: they stay here until the next one is read. */
  slab: 64 * 1024,
  /** The text. */
  text: 96 * 1024,
  /** Numbers as float32. */
  floats: 162 * 1024,
} as const;

/** So many numbers fit in each; their places are multiples of their size. */
export const placeNumbers = 4096;

/** Longest text that is scanned at once; longer ones come piece by piece. */
export const maxTextBytes = 64 * 1024;
/** No number that is read here is longer: where fewer bytes are left of a text, none begins. */
export const marginBytes = 80;
