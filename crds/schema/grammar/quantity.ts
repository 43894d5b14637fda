/** The API server's own grammar of a quantity (apimachinery, pkg/api/resource), without a sign. */
export const quantityPattern = "^([0-9]+([.][0-9]*)?|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$";

/** Of these the amounts of memory: no fraction of a byte, and no few bytes, as whoever writes `512m` or `512` means megabytes. */
export const memoryPattern =
  "^(0|([0-9]+([.][0-9]*)?|[.][0-9]+)([KMGTPE]i|[kMGTPE]|[eE][+-]?[0-9]+)|[0-9]{7,}([.][0-9]*)?)$";

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that a quantity stands for (cores, bytes, devices); `undefined` when it is not a quantity. */
export function quantityNumber(value: string | number): number | undefined {
  const text = String(value);
  if (!new RegExp(quantityPattern).test(text)) return undefined;
  const suffix = /(?<=[0-9.])([KMGTPE]i|[numkMGTPE])$/.exec(text)?.[1] ?? "";
  return Number(text.slice(0, text.length - suffix.length)) * (factors[suffix] ?? 1);
}

/** Suffixes of each kind, the largest first. */
const binarySuffixes = ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki", ""];
const decimalSuffixes = ["E", "P", "T", "G", "M", "k", "", "m", "u", "n"];
/** Sums of floating point numbers are off by less. */
const roundingError = 1e-9;

/**
 * The same amount as the API server writes it where it understands quantities (in pods): the largest suffix of the same kind,
 * binary or decimal, that leaves a whole number. What is no quantity comes back as text.
 */
export function spelledQuantity(value: string | number): string {
  const text = String(value);
  const number = quantityNumber(value);
  if (number === undefined || number === 0) return number === 0 ? "0" : text;
  for (const suffix of text.endsWith("i") ? binarySuffixes : decimalSuffixes) {
    const amount = number / (factors[suffix] ?? 1);
    const whole = Math.round(amount);
    if (whole > 0 && Math.abs(amount - whole) <= roundingError * amount) return `${whole}${suffix}`;
  }
  return text;
}
