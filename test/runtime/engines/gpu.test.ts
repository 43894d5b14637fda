import { expect, test } from "vitest";
import { hasGpu } from "../../../runtime/engines/gpu.ts";

test("a GPU is detected by the driver's device file", () => {
  expect([hasGpu("/dev/null"), hasGpu("/dev/nvidia-that-is-not-there")]).toEqual([true, false]);
});
