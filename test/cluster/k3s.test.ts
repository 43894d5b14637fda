import { loadConnection } from "../../operator/kube/config.ts";
import { createHttpTransport } from "../../operator/kube/http-transport.ts";
import { kubeClientConformance, type Subject } from "../conformance/kube-client/suite.ts";
import { startK3s, whyNoK3s } from "./k3s.ts";

async function start(): Promise<Subject> {
  const k3s = await startK3s();
  const transport = createHttpTransport({ connection: await loadConnection({ kubeconfigPath: k3s.kubeconfigPath }) });
  return {
    transport,
    async stop() {
      await transport.close();
      await k3s.stop();
    },
  };
}

kubeClientConformance("k3s in a container", start, await whyNoK3s());
