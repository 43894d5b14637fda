import { createHttpTransport } from "../../../../operator/kube/http-transport.ts";
import { loadConnection } from "../../../../operator/kube/config.ts";
import type { Transport } from "../../../../operator/kube/transport.ts";
import { createApiServer } from "../../../../operator/local/api-server/api-server.ts";
import { systemClock } from "../../../../runtime/base/clock.ts";
import { startControlPlane, whyNotHere } from "../../../cluster/control-plane.ts";

/** An API server without scheduler, controllers and kubelet of its own. */
export interface ApiServerUnderTest {
  readonly transport: Transport;
  stop(): Promise<void>;
}

/** The model of one. */
function modelApiServer(): Promise<ApiServerUnderTest> {
  const server = createApiServer({ clock: systemClock });
  return Promise.resolve({ transport: server, stop: () => server.close() });
}

/** A real kube-apiserver. */
async function realApiServer(): Promise<ApiServerUnderTest> {
  const plane = await startControlPlane({ controllers: false, scheduler: false });
  const connection = await loadConnection({ kubeconfigPath: plane.kubeconfigPath });
  const transport = createHttpTransport({ connection });
  return {
    transport,
    stop: async () => {
      await transport.close();
      await plane.stop();
    },
  };
}

const why = whyNotHere();

/** Every API server that the kubelet and the controllers must run on. `title` ends with why it is skipped here. */
export const apiServers = [
  { title: "the model of an API server", start: modelApiServer, isSkipped: false, admitsAccounts: false },
  {
    title: `a real kube-apiserver${why === undefined ? "" : ` (skipped: ${why})`}`,
    start: realApiServer,
    /** Whether it refuses pods of service accounts that are not there. */
    admitsAccounts: true,
    isSkipped: why !== undefined,
  },
];
