import { createHash } from "node:crypto";
import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Runs `work` while no other process of this machine runs work under the same name. The lock is an abstract unix socket: the kernel
 * frees it however its holder ends, so it never goes stale.
 */
export async function withMachineLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const digest = createHash("sha256").update(name).digest("hex");
  const address = `\0modelwright/${digest.slice(0, 32)}`;
  let lock = await tryListen(address);
  while (lock === undefined) {
    await sleep(200);
    lock = await tryListen(address);
  }
  try {
    return await work();
  } finally {
    lock.close();
  }
}

function tryListen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen({ path, exclusive: true }, () => resolve(server));
  });
}
