/** Kubernetes' grammar of quantities (apimachinery, pkg/api/resource), without a sign. */
export const quantityPattern = "^([0-9]+([.][0-9]*)?|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$";

/** Quantities of memory: no fractions of a byte, and no small numbers of bytes, since `512m` and `512` are meant as megabytes. */
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

/** The numeric value of a quantity (cores, bytes, devices); undefined when the text is not a quantity. */
export function quantityNumber(value: string | number): number | undefined {
  const text = String(value);
  if (!new RegExp(quantityPattern).test(text)) return undefined;
  const suffix = /(?<=[0-9.])([KMGTPE]i|[numkMGTPE])$/.exec(text)?.[1] ?? "";
  return Number(text.slice(0, text.length - suffix.length)) * (factors[suffix] ?? 1);
}

/** Suffixes of each kind, the largest first. */
const binarySuffixes = ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki", ""];
const decimalSuffixes = ["E", "P", "T", "G", "M", "k", "", "m", "u", "n"];
/** Bound of relative floating-point errors. */
const roundingError = 1e-9;

/**
 * The canonical form in which the API server stores quantities of pods: the largest suffix of the same kind, binary or decimal, with
 * a whole number. Text that is not a quantity is returned as it is.
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
