import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const main = fileURLToPath(new URL("../../../runtime/main.ts", import.meta.url));

/** The digits classifier and its expected predictions. */
export const digits = {
  model: fileURLToPath(new URL("../../fixtures/digits/model.h5", import.meta.url)),
  subclassed: fileURLToPath(new URL("../../fixtures/digits/subclassed.h5", import.meta.url)),
  lambda: fileURLToPath(new URL("../../fixtures/digits/lambda.h5", import.meta.url)),
} as const;

interface Expected {
  readonly inputs: readonly [{ readonly data: readonly number[]; readonly shape: readonly [number, number] }];
  readonly outputs: readonly [{ readonly data: readonly number[]; readonly shape: readonly [number, number] }];
}

const expected = JSON.parse(
  readFileSync(new URL("../../fixtures/digits/expected.json", import.meta.url), "utf8"),
) as Expected; // our own test data

/** Rows of the digits' pixels, and the probabilities that Keras computes for each. */
export const rows = rowsOf(expected.inputs[0]);
export const probabilities = rowsOf(expected.outputs[0]);

function rowsOf({ data, shape }: Expected["inputs"][0]): readonly (readonly number[])[] {
  const [count, width] = shape;
  return Array.from({ length: count }, (_, row) => data.slice(row * width, (row + 1) * width));
}

/** Flags of `serve`: ports of 127.0.0.1 that the system chooses. */
export const anyPorts = ["--host", "127.0.0.1", "--http-port", "0", "--grpc-port", "0", "--admin-port", "0"] as const;

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly log: readonly LogLine[];
}

type LogLine = Readonly<Record<string, unknown>>;

/** A running program of the runtime image. */
export interface Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with the first log line with this message; rejects when the program ends first. */
  line(message: string): Promise<LogLine>;
}

/** Starts the real program. `env` is its whole environment; `program` is Node's flags and the file, unless it is the source. */
export function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  program: readonly string[] = [main],
): Program {
  const child = spawn(process.execPath, [...program, ...args], { env, stdio: ["ignore", "ignore", "pipe"] });
  const log: LogLine[] = [];
  const waiting = new Set<(line: LogLine | undefined) => void>();
  const lines = createInterface({ input: child.stderr });
  lines.on("line", (text) => {
    const line: LogLine = text.startsWith("{") ? JSON.parse(text) : { msg: text };
    log.push(line);
    for (const tell of waiting) tell(line);
  });
  const closed = new Promise((resolve) => lines.once("close", resolve));
  const ended = new Promise<Ended>((resolve) => {
    child.once("exit", (code) => {
      void closed.then(() => {
        for (const tell of waiting) tell(undefined);
        resolve({ code, log });
      });
    });
  });
  return {
    child,
    ended,
    line: (message) =>
      new Promise((resolve, reject) => {
        const found = log.find(({ msg }) => msg === message);
        if (found !== undefined) {
          resolve(found);
          return;
        }
        const tell = (line: LogLine | undefined): void => {
          if (line !== undefined && line["msg"] !== message) return;
          waiting.delete(tell);
          if (line === undefined) reject(new Error(`ended without "${message}": ${JSON.stringify(log)}`));
          else resolve(line);
        };
        waiting.add(tell);
      }),
  };
}

/** A serving runtime and its addresses. */
export interface Serving extends Program {
  readonly url: string;
  readonly admin: string;
}

/** Starts `serve` on free ports of 127.0.0.1 and waits until it listens. */
export async function startServe(
  path: string,
  env: Readonly<Record<string, string>> = {},
  file: readonly string[] = [main],
): Promise<Serving> {
  const program = start(["serve", path, "--name", "digits", ...anyPorts], env, file);
  const { httpPort, adminPort } = await program.line("listening");
  return { ...program, url: `http://127.0.0.1:${Number(httpPort)}`, admin: `http://127.0.0.1:${Number(adminPort)}` };
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** POSTs a predict body to the model. */
export async function predict(serving: Serving, body: string | Uint8Array<ArrayBuffer>): Promise<Answer> {
  const response = await fetch(`${serving.url}/v1/models/digits:predict`, { method: "POST", body });
  return { status: response.status, body: await response.json() };
}
