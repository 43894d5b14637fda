import { describe, expect, test } from "vitest";
import { validatedRequest } from "../../../../runtime/http2/reading/message-validation.ts";

const request = (method: string, path: string): string[] => [":method", method, ":scheme", "http", ":path", path];

describe("a request over HTTP/2", () => {
  const cases: Record<string, readonly [list: readonly string[], isValid: boolean]> = {
    "has a path": [request("GET", "/a?b"), true],
    "may ask after the whole server": [request("OPTIONS", "*"), true],
    "asks after the whole server by OPTIONS only": [request("GET", "*"), false],
    "has no path that is another host's": [request("GET", "http://other/a"), false],
    "has no path that begins anyhow": [request("GET", "a"), false],
    "has no empty path": [request("GET", ""), false],
    "to CONNECT has none": [[":method", "CONNECT", ":authority", "a"], true],
  };
  test.each(Object.entries(cases))("%s", (_, [list, isValid]) => {
    expect(validatedRequest(list) !== undefined).toBe(isValid);
  });
});
