import { plainConnection } from "../../../operator/kube/config.ts";
import { createHttpTransport } from "../../../operator/kube/http-transport.ts";
import { createApiServer } from "../../../operator/local/api-server/api-server.ts";
import { serveHttp } from "../../../operator/local/api-server/http-server.ts";
import { systemClock } from "../../../runtime/base/clock.ts";
import { kubeClientConformance } from "./suite.ts";

/** Fewer than the changes in the test for expired history, more than in any other test. */
const historySize = 8;

kubeClientConformance("the API-server model in process", () => {
  const transport = createApiServer({ clock: systemClock, historySize });
  return Promise.resolve({ transport, stop: () => transport.close() });
});

kubeClientConformance("the API-server model over HTTP", async () => {
  const model = createApiServer({ clock: systemClock, historySize });
  const server = await serveHttp(model, { host: "127.0.0.1", port: 0 });
  const transport = createHttpTransport({ connection: plainConnection(server.url) });
  async function stop() {
    await transport.close();
    await server.close();
    await model.close();
  }
  return { transport, stop };
});
