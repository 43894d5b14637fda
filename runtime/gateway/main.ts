import { systemClock } from "../base/clock.ts";
import { jsonLog } from "../base/log.ts";
import { adminListener } from "../server/admin-listener.ts";
import { openHttpServer } from "../server/http-server.ts";
import { figures } from "./figures.ts";
import { Gateway } from "./gateway.ts";
import type { GatewayOptions } from "./options.ts";

/** Runs a gateway until `stop` aborts and it has drained. Throws a fault when a port is taken. */
export async function runGateway(options: GatewayOptions, stop: AbortSignal): Promise<void> {
  const log = jsonLog(options.logLevel, { program: "gateway", gateway: options.gateway });
  const counted = figures(() => gateway);
  const gateway = new Gateway(options, { clock: systemClock, random: Math.random, log, record: counted.record });
  const admin = await openHttpServer(
    { host: options.host, port: options.adminPort, portFlag: "--admin-port" },
    adminListener({
      state: () => (stop.aborted ? "Draining" : gateway.isReady ? "Ready" : "Loading"),
      metrics: counted.exposition,
    }),
  );
  await gateway.open();
  log.info("gateway listens", { host: options.host, restPort: options.restPort, operators: options.operatorUrls });
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener("abort", resolve, { once: true }));
  log.info("gateway drains");
  await gateway.drain();
  await admin.close();
}
