import { describe, expect, test } from "vitest";
import { oneOf, parsedOptions, timeSpan, wholeNumber } from "../../../runtime/base/parsed-options.ts";

const shape = { flags: ["port", "mode"], usage: "program PATH [--port …] [--mode …]" };

describe("parsed options", () => {
  test("a flag wins over a variable, and the value names its source", () => {
    const source = parsedOptions(["a.h5", "--port", "1"], { PORT: "2", MODE: "fast", EMPTY: "" }, shape);
    expect(source.positionals).toEqual(["a.h5"]);
    expect(source.find({ flag: "port", variable: "PORT" })).toEqual({ option: "--port", text: "1" });
    expect(source.find({ flag: "mode", variable: "MODE" })).toEqual({ option: "MODE", text: "fast" });
    expect(source.find({ variable: "EMPTY" })).toBeUndefined();
  });

  test("a boolean flag takes no value", () => {
    const source = parsedOptions(["--fast", "a.h5"], {}, { ...shape, switches: ["fast", "slow"] });
    expect([source.positionals, source.find({ flag: "fast" }), source.find({ flag: "slow" })]).toEqual([
      ["a.h5"],
      { option: "--fast", text: "true" },
      undefined,
    ]);
  });

  test("a duration has units and bounds", () => {
    expect(timeSpan({ option: "--wait", text: "1m30s" }, 0, 90_000)).toBe(90_000);
    for (const text of ["5", "2m", "1w"]) {
      expect(() => timeSpan({ option: "--wait", text }, 0, 90_000)).toThrow(
        `--wait is ${text}; must be a duration from 0ms to 90000ms, such as 500ms or 1m30s`,
      );
    }
  });

  test("an unknown flag is refused with the usage", () => {
    expect(() => parsedOptions(["--prot", "1"], {}, shape)).toThrow(
      expect.objectContaining({
        code: "UsageWrong",
        message: "Unknown option '--prot'",
        hint: "usage: program PATH [--port …] [--mode …]",
      }),
    );
  });

  test.each(["", "-1", "1.5", "1e3", "70000", " 1"])("%j is not a port", (text) => {
    expect(() => wholeNumber({ option: "--port", text }, 0, 65_535)).toThrow(
      `--port is ${text}; must be a whole number from 0 to 65535`,
    );
  });

  test("words are case-sensitive", () => {
    expect(oneOf({ option: "--mode", text: "fast" }, ["fast", "slow"])).toBe("fast");
    expect(() => oneOf({ option: "--mode", text: "Fast" }, ["fast", "slow"])).toThrow(
      "--mode is Fast; must be one of fast, slow",
    );
  });
});
