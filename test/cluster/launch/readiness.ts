import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const pollMs = 50;
const timeoutMs = 120_000;

/** Requests a path of the API server as admin and returns the HTTP status; undefined if there is no response. */
export type StatusOf = (path: string) => Promise<number | undefined>;

/** A `StatusOf` for the API server whose credentials are in `folder`. */
export async function apiServerStatus(url: string, folder: string): Promise<StatusOf> {
  const [ca, cert, key] = await Promise.all(
    ["ca.crt", "admin.crt", "admin.key"].map((file) => readFile(join(folder, file))),
  );
  return (path) =>
    new Promise((resolve) => {
      // No agent: a pooled connection would keep the process alive after the last request.
      const call = request(new URL(path, url), { ca, cert, key, agent: false, timeout: 5000 }, (response) => {
        response.resume();
        response.once("close", () => resolve(response.statusCode));
      });
      call.once("timeout", () => call.destroy());
      call.once("error", () => resolve(undefined));
      call.end();
    });
}

/** Waits until the API server answers 200 on `path`. */
export async function untilServed(statusOf: StatusOf, path: string): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let status = await statusOf(path);
  while (status !== 200) {
    if (Date.now() > deadline) {
      throw new Error(`${path} answers ${status ?? "nothing"} after ${timeoutMs / 1000} s; must answer 200`);
    }
    await sleep(pollMs);
    status = await statusOf(path);
  }
}
