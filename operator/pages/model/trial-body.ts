/** A form with more numbers than this is not filled in. */
const maxElements = 1024;
/** A signature of one input of numbers, its first dimension free: `features: float32[-1,64] → …`. */
const oneInput = /^[^:]+: (?:u?int|b?float)\d+\[-1((?:,\d+)*)\] /;

/** A request to begin with: one row of zeros where the signature has one input of a known shape, no row otherwise. */
export function trialBody(signature: string | undefined): string {
  const dimensions = oneInput
    .exec(signature ?? "")?.[1]
    ?.split(",")
    .slice(1)
    .map(Number);
  if (dimensions === undefined || dimensions.reduce((product, size) => product * size, 1) > maxElements)
    return '{"instances": []}';
  return `{"instances": [${JSON.stringify(zeros(dimensions))}]}`;
}

function zeros([size, ...inner]: readonly number[]): unknown {
  return size === undefined ? 0 : Array.from({ length: size }, () => zeros(inner));
}
