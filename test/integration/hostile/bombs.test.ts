import { Agent, request } from "node:http";
import { constants, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Victim, startVictim } from "./scene.ts";

let victim: Victim;
beforeAll(async () => {
  victim = await startVictim();
  expect(await victim.predict()).toBe(200);
});
afterAll(async () => {
  expect(await victim.predict()).toBe(200);
  expect(victim.peakMemoryMb()).toBeLessThan(600);
  await victim.stop();
});

const mebibytes = 1024 ** 2;
const zeros = Buffer.alloc(64 * mebibytes);
const gzipped = gzipSync(zeros);
/** A gzip file of sixteen concatenated members. */
const gibibyte = Buffer.concat(Array.from({ length: 16 }, () => gzipped));
const zstd = zstdCompressSync(zeros, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
const body = 8 * mebibytes - 100;
const filled = (piece: string, head = "", tail = ""): Buffer =>
  Buffer.from(head + piece.repeat(Math.floor((body - head.length - tail.length) / piece.length)) + tail);

interface Bomb {
  readonly encoding?: "gzip" | "deflate" | "zstd";
  readonly body: Buffer;
  readonly want: number;
}

const bombs: Readonly<Record<string, Bomb>> = {
  "gzip, a mebibyte that is a gibibyte": { encoding: "gzip", body: gibibyte, want: 413 },
  "gzip in gzip": { encoding: "gzip", body: gzipSync(gibibyte), want: 400 },
  "gzip of a hundred thousand empty members": {
    encoding: "gzip",
    body: Buffer.concat(Array.from({ length: 100_000 }, () => gzipSync(Buffer.alloc(0)))),
    want: 400,
  },
  deflate: { encoding: "deflate", body: deflateSync(zeros), want: 413 },
  "zstd, six kibibytes that are 64 mebibytes": { encoding: "zstd", body: zstd, want: 413 },
  "zstd of many frames": { encoding: "zstd", body: Buffer.concat(Array.from({ length: 64 }, () => zstd)), want: 413 },
  "JSON of opening brackets": { body: filled("["), want: 400 },
  "JSON of opening braces": { body: filled('{"a":'), want: 400 },
  "JSON of empty objects": { body: filled("{},", '{"instances":[', "{}]}"), want: 400 },
  "JSON of empty lists": { body: filled("[],", '{"instances":[', "[]]}"), want: 400 },
  "JSON of small numbers": { body: filled("1,", '{"instances":[', "1]}"), want: 400 },
  "JSON of one number": { body: filled("9", '{"instances":[', "]}"), want: 400 },
  "JSON of long fractions": { body: filled("0.1234567890123456789,", '{"instances":[', "1]}"), want: 400 },
  "JSON of texts": { body: filled('"a",', '{"instances":[', '"a"]}'), want: 400 },
  "JSON of escapes": { body: filled(String.raw`\n`, '{"instances":["', '"]}'), want: 400 },
  "JSON of equal keys": { body: filled('"a":1,', "{", '"b":1}'), want: 400 },
  "JSON of lists of one number": { body: filled("[1],", '{"instances":[', "[1]]}"), want: 400 },
  "JSON of lists of unlike sizes": { body: filled("[1],", '{"instances":[', "[1,2]]}"), want: 400 },
  "JSON of blanks": { body: filled(" "), want: 400 },
};

interface ProbeResult {
  readonly status: number;
  readonly longestWaitMs: number;
}

/** Sends a bomb while a probe requests the health in a loop; the longest response time of the probe. */
async function sendBomb({ encoding, body }: Bomb): Promise<ProbeResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let longestWaitMs = 0;
  const over = new AbortController();
  const probing = (async (): Promise<void> => {
    while (!over.signal.aborted) {
      const start = performance.now();
      await status("/v2/health/live", "GET", { agent });
      longestWaitMs = Math.max(longestWaitMs, performance.now() - start);
    }
  })();
  const headers = encoding === undefined ? {} : { "content-encoding": encoding };
  const response = await status("/v1/models/digits:predict", "POST", { headers }, body);
  over.abort();
  await probing;
  agent.destroy();
  return { status: response, longestWaitMs };
}

function status(path: string, method: string, options: object, sent?: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    const sentRequest = request({ host: "127.0.0.1", port: victim.httpPort, path, method, ...options }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode ?? 0));
    });
    sentRequest.once("error", reject);
    sentRequest.end(sent);
  });
}

/** Allowance for other programs on the machine; the measured time is printed. */
const maxWaitMs = 1000;

describe("a bomb is refused without delaying other requests", () => {
  test.each(Object.entries(bombs))("%s", async (name, bomb) => {
    const { status, longestWaitMs } = await sendBomb(bomb);
    expect(status).toBe(bomb.want);
    process.stderr.write(`${name}: ${longestWaitMs.toFixed(0)} ms\n`);
    expect(longestWaitMs).toBeLessThan(maxWaitMs);
  });
});
