import { loadConnection } from "../../../operator/kube/config.ts";
import { createHttpTransport } from "../../../operator/kube/http-transport.ts";
import { whyNoControlPlane } from "../../cluster/control-plane.ts";
import { sharedControlPlane } from "../../cluster/shared.ts";
import { kubeClientConformance } from "./suite.ts";

async function start() {
  const { kubeconfigPath } = await sharedControlPlane();
  const transport = createHttpTransport({ connection: await loadConnection({ kubeconfigPath }) });
  return { transport, stop: () => transport.close() };
}

kubeClientConformance("a real kube-apiserver", start, whyNoControlPlane());
