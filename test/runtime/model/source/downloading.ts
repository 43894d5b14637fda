import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../../runtime/base/clock.ts";
import { type Downloaded, defaultDownloadLimits, download } from "../../../../runtime/model/source/download.ts";
import { proxiesOf } from "../../../../runtime/model/source/stores/proxies.ts";
import { httpStore } from "../../../../runtime/model/source/stores/http/http-store.ts";

/** The content that the servers here serve. */
export const model = Buffer.from("weights ".repeat(20_000));
export const digest = digestOf(model);

export function digestOf(bytes: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

const limits = {
  ...defaultDownloadLimits,
  backoff: { firstMs: 1, capMs: 2 },
  stallMs: 500,
  minBytes: 512,
  maxAttemptsWithoutProgress: 3,
  firstByteMs: 400,
};

/** A folder to download into, and servers to download from. */
export interface Scene {
  readonly folder: string;
  /** Starts a server; resolves to its address. */
  source(listener: RequestListener): Promise<string>;
  fetched(url: string, more?: { sha256?: string; maxBytes?: number; stallMs?: number }): Promise<Downloaded>;
  close(): Promise<void>;
}

export async function scene(): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), "modelwright-download-"));
  const servers: Server[] = [];
  return {
    folder,
    source: async (listener) => {
      const server = createServer(listener);
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const address = server.address();
      return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    },
    fetched: async (url, { sha256, ...more } = {}) => {
      const [source] = await httpStore(url, proxiesOf({})).files(undefined);
      if (source === undefined) throw new Error("an address is one file");
      return download({
        source,
        target: join(folder, "model.h5"),
        ...(sha256 === undefined ? {} : { sha256 }),
        limits: { ...limits, ...more },
        clock: systemClock,
      });
    },
    close: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
