import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { createResponseReader, type ReadResponse } from "../../../../operator/kube/http/response-reader.ts";

/** Responses read from these pieces and the end of the connection. */
function read(pieces: readonly Buffer[], isEnded = false): (ReadResponse | string)[] {
  const reader = createResponseReader();
  try {
    const responses = pieces.map((piece) => reader.push(piece));
    return [...responses, isEnded ? reader.end() : undefined].filter((response) => response !== undefined);
  } catch (thrown) {
    return [String(thrown)];
  }
}

interface Row {
  readonly sentence: string;
  readonly wire: string;
  readonly want: string | ReadResponse | undefined;
  readonly isEnded?: true;
}

const headers = { "content-type": "application/json" };

const table: readonly Row[] = [
  {
    sentence: "an incomplete body",
    wire: 'HTTP/1.1 201 Created\r\nContent-Length: 11\r\nX-A: 1\r\nx-a:  2 \r\n\r\n{"a":"ü"}',
    want: undefined,
  },
  {
    sentence: "a body with a content-length in bytes",
    wire: 'HTTP/1.1 201 Created\r\nContent-Length: 10\r\nX-A: 1\r\nx-a:  2 \r\n\r\n{"a":"ü"}',
    want: { status: 201, headers: { "content-length": "10", "x-a": "1, 2" }, body: '{"a":"ü"}', isLast: false },
  },
  {
    sentence: "an empty body",
    wire: "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n",
    want: { status: 200, headers: { "content-length": "0" }, body: "", isLast: false },
  },
  {
    sentence: "no body because of the status",
    wire: "HTTP/1.1 204 No Content\r\n\r\n",
    want: { status: 204, headers: {}, body: "", isLast: false },
  },
  {
    sentence: "a chunked body with an extension, a line end inside and a trailer",
    wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\na\r\nb\r\n0A\r\n0123456789\r\n0\r\nx: y\r\n\r\n",
    want: { status: 200, headers: { "transfer-encoding": "chunked" }, body: "a\r\nb0123456789", isLast: false },
  },
  {
    sentence: "an empty chunked body",
    wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    want: { status: 200, headers: { "transfer-encoding": "chunked" }, body: "", isLast: false },
  },
  {
    sentence: "a body up to the end of the connection",
    wire: "HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{}",
    want: { status: 200, headers, body: "{}", isLast: true },
    isEnded: true,
  },
  {
    sentence: "a truncated body",
    wire: "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}",
    want: undefined,
    isEnded: true,
  },
  {
    sentence: "a response after interim ones",
    wire: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    want: { status: 200, headers: { "content-length": "2" }, body: "{}", isLast: false },
  },
  {
    sentence: "the last response of a connection",
    wire: "HTTP/1.1 429 Too Many\r\nconnection: Close\r\ncontent-length: 2\r\n\r\n{}",
    want: { status: 429, headers: { connection: "Close", "content-length": "2" }, body: "{}", isLast: true },
  },
  { sentence: "another protocol", wire: "SSH-2.0-x\r\n\r\n", want: 'Error: "SSH-2.0-x" is not an HTTP response' },
  {
    sentence: "a line that is not a header",
    wire: "HTTP/1.1 200 OK\r\noh\r\n\r\n",
    want: 'Error: "oh" is not a header',
  },
  {
    sentence: "an invalid length",
    wire: "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
    want: 'Error: content-length is "-1"; must be a number',
  },
  {
    sentence: "two lengths",
    wire: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    want: 'Error: content-length is "2, 3"; must be a number',
  },
  {
    sentence: "an unsupported transfer coding",
    wire: "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
    want: 'Error: transfer-encoding is "gzip, chunked"; must be chunked',
  },
  {
    sentence: "a chunk without a size",
    wire: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}\r\n",
    want: "Error: a chunk of the response has no valid size",
  },
];

describe("a response over the wire", () => {
  test.each(table)("$sentence, in whatever pieces it comes", ({ wire, want, isEnded = false }) => {
    const bytes = Buffer.from(wire);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(bytes.length), { maxLength: 6 }), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
        expect(read(pieces, isEnded)).toEqual(want === undefined ? [] : [want]);
      }),
      { numRuns: 60 },
    );
  });

  test("is followed by the next one", () => {
    const wire = Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    expect(read([wire, wire]).map((response) => typeof response === "object" && response.body)).toEqual(["{}", "{}"]);
  });

  test("followed by surplus bytes is the last of its connection", () => {
    const wire = Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n");
    expect(read([wire]).map((response) => typeof response === "object" && response.isLast)).toEqual([true]);
  });

  test("whose head has no end is refused", () => {
    const endless = Buffer.from(`HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(200_000)}`);
    expect(read([endless])).toEqual(["Error: the head of the response is longer than 1048576 bytes"]);
  });
});
