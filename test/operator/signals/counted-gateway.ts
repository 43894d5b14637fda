import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import type { GatewayAddress } from "../../../operator/signals/figures/gateway-pulls.ts";
import { countCompletion } from "../../../runtime/gateway/figures/counts.ts";
import { createLedger } from "../../../runtime/gateway/figures/ledger.ts";
import { adminListener } from "../../../runtime/server/admin-listener.ts";

/** A gateway without traffic: its real ledger behind its real admin listener. */
export interface CountedGateway {
  readonly address: GatewayAddress;
  /** Requested paths. */
  readonly asked: string[];
  /** Counts requests to a revision, each within 40 ms, some of them with status 500. */
  serve(key: string, hash: string, requests: number, failed?: number): void;
  /** Sets the number of queued requests and the age of the oldest. */
  hold(key: string, queued: number, oldestWaitMs: number): void;
  /** Sets the number of requests in flight. */
  occupy(key: string, hash: string, inFlight: number): void;
  /** Restarts the gateway at the same address. */
  restart(): void;
  stop(): Promise<void>;
}

/** `monotonic` is the gateway's own clock. */
export async function countedGateway(
  pod: string,
  monotonic: () => number,
  host = "127.0.0.1",
): Promise<CountedGateway> {
  let runs = 0;
  const begun = () => createLedger({ gateway: pod, run: `run-${pod}-${(runs += 1)}`, monotonic });
  let ledger = begun();
  let waiting = new Map<string, { readonly queued: number; readonly oldestWaitMs: number }>();
  const asked: string[] = [];
  const opened = (key: string) => ledger.opened(key, () => waiting.get(key) ?? { queued: 0, oldestWaitMs: 0 });
  const listener = adminListener({
    state: () => "Ready",
    metrics: async () => ({ contentType: "text/plain", text: "" }),
    figures: (after) => ledger.figures(after),
  });
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    listener(request, response);
  }).listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server's address is never a string
  return {
    address: { pod, host, port },
    asked,
    serve(key, hash, requests, failed = 0) {
      const counts = opened(key);
      const revision = ledger.revision(counts, hash);
      for (let request = 0; request < requests; request += 1) {
        const status = request < failed ? 500 : 200;
        counts.arrivals += 1;
        countCompletion(revision, { ending: "answered", status, serviceMs: 40, isFirst: false });
      }
      ledger.changed(counts);
    },
    hold(key, queued, oldestWaitMs) {
      const counts = opened(key);
      counts.arrivals += queued;
      waiting.set(key, { queued, oldestWaitMs });
      ledger.changed(counts);
    },
    occupy(key, hash, inFlight) {
      const counts = opened(key);
      ledger.revision(counts, hash).inFlight = inFlight;
      ledger.changed(counts);
    },
    restart() {
      waiting = new Map();
      ledger = begun();
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
