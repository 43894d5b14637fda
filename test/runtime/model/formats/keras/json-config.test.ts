import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entriesOf, parsedConfig } from "../../../../../runtime/model/formats/keras/topology/json-config.ts";

describe("a parsed model description", () => {
  it("is the parsed JSON", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 8 })), (value) => {
        const text = JSON.stringify(value);
        expect(parsedConfig(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("accepts NaN and Infinity, which Python writes", () => {
    expect(parsedConfig('{"a": NaN, "b": [-Infinity, "NaN \\" Infinity"]}')).toEqual({
      a: null,
      b: [null, 'NaN " Infinity'],
    });
  });

  it("does not count brackets inside strings as depth", () => {
    expect(parsedConfig(`{"a": "${"[{".repeat(200)}\\""}`)).toEqual({ a: `${"[{".repeat(200)}"` });
  });

  it("is refused when it is nested too deeply, before it is parsed", () => {
    expect(() => parsedConfig("[".repeat(97))).toThrow("it is nested deeper than 96 levels");
  });

  it("hides keys with a special meaning in JavaScript", () => {
    const config = parsedConfig('{"__proto__": {"polluted": true}, "constructor": 1, "prototype": 2, "units": 3}');
    expect(entriesOf(config)).toEqual([["units", 3]]);
  });
});
