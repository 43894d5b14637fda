import type { TestProject } from "vitest/node";

import { startBroker } from "./broker.ts";

declare module "vitest" {
  interface ProvidedContext {
    controlPlaneBroker: string;
  }
}

/**
 * Vitest global setup for `sharedControlPlane`. It costs nothing until a test file asks for the
 * control plane. MODELWRIGHT_CONTROL_PLANE, a kubeconfig, offers a running one instead.
 */
export default async function globalSetup(project: TestProject): Promise<() => Promise<void>> {
  const broker = await startBroker(process.env["MODELWRIGHT_CONTROL_PLANE"]);
  project.provide("controlPlaneBroker", broker.url);
  return () => broker.stop();
}
