import { expect, test } from "vitest";
import { responseHeaders } from "../../../../runtime/gateway/proxy/response-headers.ts";
import { responseHead } from "../../../../runtime/gateway/upstream/response-head.ts";

test("pods of two revisions that answer with the same head get different revision headers", () => {
  const head = responseHead("HTTP/1.1 200 OK\r\ncontent-length: 7", false);
  const results = ["a1", "b2", "a1", "a1"].map((hash) => responseHeaders(head, hash));
  expect(results).toEqual(
    ["a1", "b2", "a1", "a1"].map((hash) => ["content-length", "7", "modelwright-revision", hash]),
  );
  expect(results[3]).toBe(results[2]);
  expect(head.headers).toEqual(["content-length", "7"]);
});

test("a pod cannot set the revision header", () => {
  const head = responseHead(
    "HTTP/1.1 200 OK\r\nModelwright-Revision: b2\r\ncontent-length: 7\r\nx: modelwright-revision",
    false,
  );
  const want = ["content-length", "7", "x", "modelwright-revision", "modelwright-revision", "a1"];
  expect(responseHeaders(head, "a1")).toEqual(want);
});
