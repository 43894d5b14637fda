import { Pool } from "undici";
import type { LivePod } from "../routing/live.ts";

/** Idle connections to runtimes close after this; shorter than the runtime's own 65 s, so that the runtime never closes first. */
const keepAliveMs = 30_000;
const connectTimeoutMs = 2_000;

/** Connections to the pods of the table, one pool an address. */
export class Upstreams {
  readonly #pools = new Map<string, Pool>();

  pool({ address, endpoint }: LivePod): Pool {
    const known = this.#pools.get(address);
    if (known !== undefined) return known;
    const host = endpoint.address.includes(":") ? `[${endpoint.address}]` : endpoint.address;
    const pool = new Pool(`http://${host}:${endpoint.port}`, {
      connections: null,
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      connect: { timeout: connectTimeoutMs },
      // Deadlines are the route's own; a model may think for longer than any default.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#pools.set(address, pool);
    return pool;
  }

  /** Closes the pools of pods that left the table, after the requests they still have. */
  retain(addresses: ReadonlySet<string>): void {
    for (const [address, pool] of this.#pools) {
      if (addresses.has(address)) continue;
      this.#pools.delete(address);
      pool.close().catch(() => pool.destroy());
    }
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.close()));
  }
}
