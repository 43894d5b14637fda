import { readFileSync } from "node:fs";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../../../runtime/base/clock.ts";
import { openInference } from "../../../../runtime/protocols/open-inference/open-inference.ts";
import type { HttpServer } from "../../../../runtime/server/http-server.ts";
import { openProtocolServer } from "../../../../runtime/server/protocol-server.ts";
import { defaultBodyLimits } from "../../../../runtime/server/request-body.ts";
import { vectorRegistry } from "./vector-models.ts";

interface BinaryBody {
  readonly json: unknown;
  readonly blobs: readonly string[];
}

interface Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data?: readonly unknown[];
  readonly hex?: string;
}

interface Vector {
  readonly id: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: null | string | object | BinaryBody;
    readonly header_length: number | null;
  };
  readonly expect: {
    readonly status: number;
    readonly error?: true;
    readonly subset?: object;
    readonly has_keys?: readonly string[];
    readonly absent?: readonly string[];
    readonly outputs?: readonly Output[];
    readonly extensions?: readonly string[];
    readonly tensors?: { readonly [side: string]: Readonly<Record<string, string>> };
    readonly shape_of?: readonly [string, string, readonly number[]];
    readonly index?: readonly string[];
  };
}

function vectorsOf(name: string): readonly Vector[] {
  const text = readFileSync(new URL(`vectors/${name}`, import.meta.url), "utf8");
  return (JSON.parse(text) as { vectors: readonly Vector[] }).vectors; // our own test data
}

let server: HttpServer;
beforeAll(async () => {
  server = await openProtocolServer(
    { host: "127.0.0.1", port: 0, portFlag: "--http-port" },
    {
      protocols: [openInference(await vectorRegistry(), { name: "modelwright", version: "0.0.0" })],
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

interface Sent {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

function sentBody({ body, header_length: headerLength }: Vector["request"]): Sent {
  if (body === null) return { bytes: Buffer.alloc(0), headers: {} };
  if (typeof body === "string") return { bytes: Buffer.from(body), headers: {} };
  if (!("blobs" in body)) return { bytes: Buffer.from(integersKept(body)), headers: {} };
  const json = Buffer.from(body.json === null ? "" : JSON.stringify(body.json));
  const bytes = Buffer.concat([json, ...body.blobs.map((hex) => Buffer.from(hex, "hex"))]);
  return { bytes, headers: { "inference-header-content-length": String(headerLength ?? json.length) } };
}

/** The literal text of the one vector with integers beyond double precision. */
function integersKept(body: object): string {
  return JSON.stringify(body).replace("-9223372036854776000,9223372036854776000,9007199254740992", wideIntegers);
}
const wideIntegers = "-9223372036854775808,9223372036854775807,9007199254740993";

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
}

function answerTo(vector: Vector["request"]): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { bytes, headers } = sentBody(vector);
  const { method, path } = vector;
  const sent = request({ host: "127.0.0.1", port: server.port, method, path, headers }, (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () =>
      resolve({ status: response.statusCode, headers: response.headers, bytes: Buffer.concat(chunks) }),
    );
  });
  sent.on("error", reject);
  sent.end(bytes);
  return promise;
}

interface AnsweredOutput extends Output {
  readonly parameters?: { readonly binary_data_size: number };
}

interface Body {
  readonly [key: string]: unknown;
  readonly outputs?: readonly AnsweredOutput[];
  readonly inputs?: readonly Output[];
  readonly extensions?: readonly string[];
}

/** The response, with the binary data of each output as `hex`. */
function bodyOf({ headers, bytes }: Answer): Body {
  const jsonBytes = headers["inference-header-content-length"];
  let at = jsonBytes === undefined ? bytes.length : Number(jsonBytes);
  const text = bytes.toString("utf8", 0, at);
  expect(headers["content-type"]).toBe(jsonBytes === undefined ? "application/json" : "application/octet-stream");
  const body = JSON.parse(text) as Body; // compared field by field below
  const outputs = body.outputs?.map(({ parameters, ...output }) => {
    if (parameters === undefined) return output;
    const start = at;
    at += parameters.binary_data_size;
    return { ...output, hex: bytes.toString("hex", start, at) };
  });
  expect(at).toBe(bytes.length);
  return outputs === undefined ? body : { ...body, outputs };
}

function compare(body: Body, want: Vector["expect"]): void {
  if (want.error === true) expect(body).toEqual({ error: expect.stringMatching(/./) });
  if (want.subset !== undefined) expect(body).toMatchObject(want.subset);
  for (const key of want.has_keys ?? []) expect(body).toHaveProperty(key);
  for (const key of want.absent ?? []) expect(body).not.toHaveProperty(key);
  if (want.outputs !== undefined) expect(body.outputs).toEqual(want.outputs);
  if (want.extensions !== undefined) expect(body.extensions).toEqual(expect.arrayContaining([...want.extensions]));
}

function compareMetadata(body: Body, want: Vector["expect"]): void {
  const sides: Readonly<Record<string, readonly Output[] | undefined>> = { inputs: body.inputs, outputs: body.outputs };
  for (const [side, tensors] of Object.entries(want.tensors ?? {})) {
    expect(Object.fromEntries((sides[side] ?? []).map(({ name, datatype }) => [name, datatype]))).toEqual(tensors);
  }
  if (want.shape_of === undefined) return;
  const [side, name, shape] = want.shape_of;
  expect(sides[side]?.find((tensor) => tensor.name === name)?.shape).toEqual(shape);
}

describe.each(["open-inference-json.json", "open-inference-binary.json"])("the vectors of %s", (name) => {
  test.each(vectorsOf(name))("$id", async (vector) => {
    const want = vector.expect;
    const answer = await answerTo(vector.request);
    expect(answer.status, answer.bytes.toString()).toBe(want.status);
    const body = bodyOf(answer);
    compare(body, want);
    compareMetadata(body, want);
    if (want.index !== undefined) {
      const names = Object.values(body).map((entry) => (entry as { name: string }).name); // an index entry
      expect(names).toEqual(expect.arrayContaining([...want.index]));
    }
    if (vector.id === "json-int64") expect(answer.bytes.toString()).toContain(`[${wideIntegers},0]`);
  });
});

test("every vector runs", () => {
  expect([vectorsOf("open-inference-json.json").length, vectorsOf("open-inference-binary.json").length]).toEqual([
    23, 10,
  ]);
});
