import { createHttpTransport } from "../../../../operator/kube/http-transport.ts";
import { loadConnection } from "../../../../operator/kube/config.ts";
import type { Transport } from "../../../../operator/kube/transport.ts";
import { startControlPlane } from "../../../cluster/control-plane.ts";

/** An API server without scheduler, controllers and kubelet of its own. */
export interface ApiServerUnderTest {
  readonly transport: Transport;
  stop(): Promise<void>;
}

/** A real kube-apiserver. */
export async function realApiServer(): Promise<ApiServerUnderTest> {
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
