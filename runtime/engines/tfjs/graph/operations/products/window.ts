import { type Call, numbersOf, textOf } from "../../call.ts";

/** Explicit paddings are taken, too; the fused operations are declared without them. */
export type Padding = "same" | "valid";
/** Height and width; begin and end. */
export type Pair = [number, number];

/** How a convolution or a pool moves over height and width, whatever the order of the channels. */
export interface Window {
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly padding: Padding;
  /** What `padding` adds before and after, where it is spelt out. */
  readonly added: readonly [Pair, Pair];
}

/** Larger strides and dilations are no model's. */
const maxStep = 2 ** 15;
const none: Pair = [0, 0];

/** Of four numbers those for height and width. */
export function spatial(call: Call, name: string): Pair {
  const first = textOf(call, "data_format", "NHWC") === "NCHW" ? 2 : 1;
  const values = numbersOf(call, name, [1, 1, 1, 1]);
  return [values[first] ?? 1, values[first + 1] ?? 1];
}

/** Strides, dilations and padding of a convolution or a pool, from the operation's attributes. */
export function window(call: Call): Window {
  const steps = { strides: spatial(call, "strides"), dilations: spatial(call, "dilations") };
  const padding = textOf(call, "padding", "VALID");
  if (padding !== "EXPLICIT") {
    return { ...steps, padding: padding === "SAME" ? "same" : "valid", added: [none, none] };
  }
  const explicit = numbersOf(call, "explicit_paddings", []);
  const first = textOf(call, "data_format", "NHWC") === "NCHW" ? 2 : 1;
  const pair = (axis: number): Pair => [explicit[2 * axis] ?? 0, explicit[2 * axis + 1] ?? 0];
  const added: [Pair, Pair] = [pair(first), pair(first + 1)];
  const whole: unknown = [none, ...added, none];
  return { ...steps, padding: whole as Padding, added }; // see Padding
}

/** The kernels do not look whether a window fits into the image at all. Throws a RangeError. */
export function checkWindow({ op }: Call, image: readonly number[], kernel: readonly number[], window: Window): void {
  for (const axis of [0, 1] as const) {
    const [size = 0, extent = 0] = [image[axis], kernel[axis]];
    const steps = [window.strides[axis], window.dilations[axis], extent, size];
    if (steps.some((step) => !Number.isInteger(step) || step < 1) || Math.max(...steps.slice(0, 3)) > maxStep) {
      throw new RangeError(
        `${op}: a window of ${extent} in steps of ${steps.slice(0, 2).join(" and ")} over ${size} is not allowed`,
      );
    }
    const [before, after] = window.added[axis];
    if (!(before >= 0 && before <= maxStep && after >= 0 && after <= maxStep))
      throw new RangeError(`${op}: it pads by ${before} and ${after}`);
    const span = (extent - 1) * window.dilations[axis] + 1;
    const room = size + before + after;
    if (window.padding !== "same" && span > room)
      throw new RangeError(`${op}: a window of ${span} does not fit into ${room}`);
  }
}
