import { type Call, numbersOf, textOf } from "../../operation-call.ts";

/** Explicit paddings are accepted, too, although the types of the fused operations lack them. */
export type Padding = "same" | "valid";
/** Height and width; begin and end. */
export type Pair = [number, number];

/** Geometry of a convolution or pooling window over height and width, independent of the channel order. */
export interface Window {
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly padding: Padding;
  /** Explicit padding before and after each axis; zeros for other modes. */
  readonly explicitPads: readonly [Pair, Pair];
}

/** Limit on strides, dilations and window sizes; no real model needs more. */
const maxStep = 2 ** 15;
const none: Pair = [0, 0];

/** The height and width entries of a list of four. */
export function spatial(call: Call, name: string): Pair {
  const first = textOf(call, "data_format", "NHWC") === "NCHW" ? 2 : 1;
  const values = numbersOf(call, name, [1, 1, 1, 1]);
  return [values[first] ?? 1, values[first + 1] ?? 1];
}

/** Reads strides, dilations and padding from the operation's attributes. */
export function window(call: Call): Window {
  const steps = { strides: spatial(call, "strides"), dilations: spatial(call, "dilations") };
  const padding = textOf(call, "padding", "VALID");
  if (padding !== "EXPLICIT") {
    return { ...steps, padding: padding === "SAME" ? "same" : "valid", explicitPads: [none, none] };
  }
  const explicit = numbersOf(call, "explicit_paddings", []);
  const first = textOf(call, "data_format", "NHWC") === "NCHW" ? 2 : 1;
  const pair = (axis: number): Pair => [explicit[2 * axis] ?? 0, explicit[2 * axis + 1] ?? 0];
  const explicitPads: [Pair, Pair] = [pair(first), pair(first + 1)];
  const whole: unknown = [none, ...explicitPads, none];
  return { ...steps, padding: whole as Padding, explicitPads }; // see Padding
}

/** Throws a RangeError if a window does not fit the image, which the kernels do not check. */
export function checkWindow({ op }: Call, image: readonly number[], kernel: readonly number[], window: Window): void {
  for (const axis of [0, 1] as const) {
    const [size = 0, extent = 0] = [image[axis], kernel[axis]];
    const steps = [window.strides[axis], window.dilations[axis], extent, size];
    if (steps.some((step) => !Number.isInteger(step) || step < 1) || Math.max(...steps.slice(0, 3)) > maxStep) {
      throw new RangeError(
        `${op}: a window of ${extent} in steps of ${steps.slice(0, 2).join(" and ")} over ${size} is not allowed`,
      );
    }
    const [before, after] = window.explicitPads[axis];
    if (!(before >= 0 && before <= maxStep && after >= 0 && after <= maxStep))
      throw new RangeError(`${op}: it pads by ${before} and ${after}`);
    const span = (extent - 1) * window.dilations[axis] + 1;
    const room = size + before + after;
    if (window.padding !== "same" && span > room)
      throw new RangeError(`${op}: a window of ${span} does not fit into ${room}`);
  }
}
