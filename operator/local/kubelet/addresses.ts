import { createServer } from "node:net";
import { Fault } from "../../../runtime/base/fault.ts";
import { kubeletFaults } from "./faults.ts";

/** Loopback addresses 127.77.x.y for pods. A released address is reused only after all others. */
export interface AddressPool {
  /** Allocates an address on which all `ports` are free. Throws LoopbackUnavailable when the machine has none. */
  take(ports: readonly number[]): Promise<string>;
  release(address: string): void;
}

/** 127.77.0.1 to 127.77.255.254, without .0 and .255. */
const hostsPerBlock = 254;
const size = 256 * hostsPerBlock;

/** Creates a pool. `start` (any integer) selects the first address, so that two programs on one machine rarely collide. */
export function createAddressPool(start: number): AddressPool {
  const taken = new Set<string>();
  let next = (Math.abs(start) % 256) * hostsPerBlock;
  return {
    take: async (ports) => {
      for (let attempt = 0; attempt < size; attempt++) {
        const address = `127.77.${Math.floor(next / hostsPerBlock)}.${(next % hostsPerBlock) + 1}`;
        next = (next + 1) % size;
        if (taken.has(address)) continue;
        taken.add(address);
        if (await areFree(address, ports)) return address;
        taken.delete(address);
      }
      throw kubeletFaults.LoopbackUnavailable({ address: "127.77.0.0/16", cause: "all addresses are in use" });
    },
    release: (address) => void taken.delete(address),
  };
}

async function areFree(address: string, ports: readonly number[]): Promise<boolean> {
  for (const port of ports.length === 0 ? [0] : ports) {
    if (!(await isFree(address, port))) return false;
  }
  return true;
}

function isFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => {
      if ("code" in error && error.code === "EADDRINUSE") resolve(false);
      else reject(kubeletFaults.LoopbackUnavailable({ address, cause: Fault.from(error).message }, error));
    });
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
