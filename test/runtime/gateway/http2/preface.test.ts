import { describe, expect, test } from "vitest";
import { httpVersionOf } from "../../../../runtime/gateway/http2/preface.ts";

describe("httpVersionOf", () => {
  const cases: Record<string, [string, 1 | 2 | undefined]> = {
    "no bytes": ["", undefined],
    "the first byte of HTTP/2 may be one of POST, PUT or PATCH": ["P", undefined],
    "so may the second be one of PROPFIND": ["PR", undefined],
    "PRI is not a method": ["PRI ", 2],
    "the whole preface": ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 2],
    POST: ["PO", 1],
    "a method with the same start": ["PROPFIND / HTTP/1.1", 1],
    "TLS is not HTTP/2 without TLS": ["\u0016\u0003\u0001", 1],
  };
  test.for(Object.entries(cases))("%s", ([, [text, want]]) => {
    expect(httpVersionOf(Buffer.from(text, "latin1"))).toBe(want);
  });
});
