import { expect, test } from "vitest";
import { hasGpu } from "../../../runtime/engines/gpu.ts";

test("a GPU is there when the driver's device is", () => {
  expect([hasGpu("/dev/null"), hasGpu("/dev/nvidia-that-is-not-there")]).toEqual([true, false]);
});
