import { describe, expect, test } from "vitest";
import { checkDevice, checkMemory } from "../../../runtime/in-place/beside.ts";

const mebibyte = 1024 ** 2;
const running = (engine: string, note?: string) => ({
  sizeBytes: 100 * mebibyte,
  served: { loaded: { engine, weightBytes: 200 * mebibyte, ...(note === undefined ? {} : { note }) } },
});
const serving = { revision: "A", ready: running("OnnxRuntime/cpu") };

describe("a model beside the one that serves", () => {
  test.each([
    ["fits into what the limit leaves", 624, 1024],
    ["fits when there is no limit", 4096, undefined],
  ])("%s", (_, residentMiB, limitMiB) => {
    const memory = {
      residentBytes: residentMiB * mebibyte,
      limitBytes: limitMiB === undefined ? undefined : limitMiB * mebibyte,
    };
    expect(() => checkMemory({ revision: "B", sizeBytes: 100 * mebibyte }, serving, memory)).not.toThrow();
  });

  test("does not fit when its weights, twice while it is loaded, would exceed the limit", () => {
    const memory = { residentBytes: 625 * mebibyte, limitBytes: 1024 * mebibyte };
    expect(() => checkMemory({ revision: "B", sizeBytes: 100 * mebibyte }, serving, memory)).toThrow(
      "revision B does not fit beside A: it is expected to take 400 MiB, 625 MiB of 1024 MiB are in use",
    );
  });

  test.each([
    ["OnnxRuntime/cuda", "OnnxRuntime/cpu"],
    ["TensorFlow/gpu", "OnnxRuntime/cpu"],
  ])("is refused when the other runs on %s and it runs on %s", (besideEngine, engine) => {
    const ready = running(engine, "out of memory");
    const beside = { revision: "A", ready: running(besideEngine) };
    expect(() => checkDevice({ revision: "B", ready }, beside)).toThrow(
      `revision B runs on ${engine} beside A, which runs on ${besideEngine}: out of memory`,
    );
  });

  test.each([
    ["OnnxRuntime/cuda", "OnnxRuntime/cuda"],
    ["OnnxRuntime/cpu", "OnnxRuntime/cpu"],
    ["OnnxRuntime/cpu", "OnnxRuntime/cuda"],
    ["OnnxRuntime/cuda", "TensorFlow/gpu"],
  ])("is accepted when the other runs on %s and it runs on %s", (besideEngine, engine) => {
    const beside = { revision: "A", ready: running(besideEngine) };
    expect(() => checkDevice({ revision: "B", ready: running(engine) }, beside)).not.toThrow();
  });
});
