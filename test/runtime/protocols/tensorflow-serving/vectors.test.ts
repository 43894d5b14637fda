import { readFileSync } from "node:fs";
import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../../../runtime/base/clock.ts";
import { tensorflowServing } from "../../../../runtime/protocols/tensorflow-serving/tensorflow-serving.ts";
import type { HttpServer } from "../../../../runtime/server/http-server.ts";
import { openProtocolServer } from "../../../../runtime/server/protocol-server.ts";
import { defaultBodyLimits } from "../../../../runtime/server/request-body.ts";
import { vectorRegistry } from "./vector-models.ts";

interface Vector {
  readonly id: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
  };
  readonly expect: {
    readonly status: number;
    readonly json?: unknown;
    readonly tokens?: unknown;
    readonly error?: string;
    readonly error_has?: readonly string[];
    readonly subset?: object;
    readonly header_has?: Readonly<Record<string, string>>;
  };
}

const file = new URL("vectors/tfserving-rest.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, "utf8")) as { vectors: readonly Vector[] }; // our own test data

let server: HttpServer;
beforeAll(async () => {
  server = await openProtocolServer(
    { host: "127.0.0.1", port: 0, portFlag: "--http-port" },
    {
      protocols: [tensorflowServing(await vectorRegistry())],
      body: defaultBodyLimits,
      timeoutMs: 10_000,
      isDraining: () => false,
      onStart: () => {},
      onAnswer: () => {},
      clock: systemClock,
    },
  );
});
afterAll(() => server.close());

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

function answerTo({ method, path, headers, body }: Vector["request"]): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request({ host: "127.0.0.1", port: server.port, method, path, headers }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
  });
  sent.on("error", reject);
  const bytes = headers["Content-Encoding"] === "gzip" ? gzipSync(body ?? "") : (body ?? "");
  sent.end(bytes);
  return promise;
}

/** The response with every number as its literal text and every string in quotes, like the vectors' `tokens`. */
function tokens(text: string): unknown {
  const quoted = text.replaceAll(
    /"((?:[^"\\]|\\.)*)"(\s*:)?|-?(?:NaN|Infinity|\d[\d.e+-]*)/gi,
    (token, inner, colon) => {
      if (colon !== undefined) return token;
      return inner === undefined ? JSON.stringify(token) : JSON.stringify(JSON.stringify(inner));
    },
  );
  return JSON.parse(quoted);
}

/** JSON with the bare words that TensorFlow Serving writes, such as NaN. */
function lenientJson(text: string): unknown {
  return JSON.parse(text);
}

function errorOf(text: string): string {
  const body = JSON.parse(text) as { error: string }; // an answer without it fails the comparison
  return body.error;
}

describe("TensorFlow Serving's REST responses, byte for byte where clients look", () => {
  test.each(vectors)("$id", async (vector) => {
    const want = vector.expect;
    const answer = await answerTo(vector.request);
    expect(answer.status, answer.text).toBe(want.status);
    if ("json" in want) expect(lenientJson(answer.text)).toEqual(want.json);
    if ("tokens" in want) expect(tokens(answer.text)).toEqual(want.tokens);
    if (want.error !== undefined) expect(JSON.parse(answer.text)).toEqual({ error: want.error });
    for (const part of want.error_has ?? []) expect(errorOf(answer.text)).toContain(part);
    if (want.subset !== undefined) expect(JSON.parse(answer.text)).toMatchObject(want.subset);
    for (const [name, value] of Object.entries(want.header_has ?? {})) expect(answer.headers[name]).toContain(value);
  });

  test("no vector is missing", () => {
    expect(vectors.length).toBe(124);
  });
});
