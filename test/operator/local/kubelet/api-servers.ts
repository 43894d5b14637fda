import { createHttpTransport } from "../../../../operator/kube/http-transport.ts";
import { loadConnection } from "../../../../operator/kube/config.ts";
import type { Transport } from "../../../../operator/kube/transport.ts";
import { createApiServer } from "../../../../operator/local/api-server/api-server.ts";
import { systemClock } from "../../../../runtime/base/clock.ts";
import { startControlPlane, whyNoControlPlane } from "../../../cluster/control-plane.ts";

/** An API server without scheduler, controllers and kubelet. */
export interface ApiServerUnderTest {
  readonly transport: Transport;
  stop(): Promise<void>;
}

/** The API-server model. */
function modelApiServer(): Promise<ApiServerUnderTest> {
  const server = createApiServer({ clock: systemClock });
  return Promise.resolve({ transport: server, stop: () => server.close() });
}

/** A real kube-apiserver, with Kubernetes' own controllers or without. */
export async function realApiServer({ controllers = false } = {}): Promise<ApiServerUnderTest> {
  const plane = await startControlPlane({ controllers, scheduler: false });
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

const why = whyNoControlPlane();

/** The API servers on which the kubelet and the controllers are tested. `title` ends with the reason for a skip. */
export const apiServers = [
  { title: "the model of an API server", start: modelApiServer, isSkipped: false, admitsAccounts: false },
  {
    title: `a real kube-apiserver${why === undefined ? "" : ` (skipped: ${why})`}`,
    start: () => realApiServer(),
    /** Whether the server refuses pods whose service account does not exist. */
    admitsAccounts: true,
    isSkipped: why !== undefined,
  },
];
