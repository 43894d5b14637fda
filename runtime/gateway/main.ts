import { systemClock } from "../base/clock.ts";
import { jsonLog } from "../base/log.ts";
import { adminListener } from "../server/admin-listener.ts";
import { openHttpServer } from "../server/http-server.ts";
import { gatewayMetrics } from "./figures/metrics.ts";
import { Gateway } from "./gateway.ts";
import type { GatewayOptions } from "./options.ts";

/** Runs a gateway until `stop` aborts and it has drained. Throws a fault when a port is taken. */
export async function runGateway(options: GatewayOptions, stop: AbortSignal): Promise<void> {
  const log = jsonLog(options.logLevel, { program: "gateway", gateway: options.gateway });
  const gateway = new Gateway(options, { clock: systemClock, random: Math.random, log });
  const admin = await openHttpServer(
    { host: options.host, port: options.adminPort, portFlag: "--admin-port" },
    adminListener({
      state: () => (stop.aborted ? "Draining" : gateway.takesTraffic ? "Ready" : "Loading"),
      metrics: gatewayMetrics({
        ledger: gateway.ledger,
        heldRequests: () => gateway.heldRequests,
        tableVersion: () => gateway.tableVersion,
        tableAgeMs: () => gateway.tableAgeMs,
      }),
      figures: gateway.ledger.figures,
    }),
  );
  await gateway.open();
  const { host, restPort, grpcPort, operatorUrls } = options;
  log.info("gateway listens", { host, restPort, grpcPort, operators: operatorUrls });
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener("abort", resolve, { once: true }));
  log.info("gateway drains");
  await gateway.drain();
  await admin.close();
}
