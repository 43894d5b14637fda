/** The form is not prefilled with more numbers than this. */
const maxElements = 1024;
/** A signature with one numeric input whose first dimension is free: `features: float32[-1,64] → …`. */
const oneInput = /^[^:]+: (?:u?int|b?float)\d+\[-1((?:,\d+)*)\] /;

/** A request to prefill the form with: one row of zeros if the signature has a single input of known shape, else no rows. */
export function trialRequest(signature: string | undefined): string {
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
