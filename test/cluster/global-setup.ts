import type { TestProject } from "vitest/node";

import { startBroker } from "./broker.ts";

declare module "vitest" {
  interface ProvidedContext {
    controlPlaneBroker: string;
  }
}

/**
 * Vitest global setup for `sharedControlPlane`. The control plane starts when the first test file asks for it. The path of a
 * kubeconfig in MODELWRIGHT_CONTROL_PLANE makes the tests use a running one instead.
 */
export default async function globalSetup(project: TestProject): Promise<() => Promise<void>> {
  const broker = await startBroker(process.env["MODELWRIGHT_CONTROL_PLANE"]);
  project.provide("controlPlaneBroker", broker.url);
  return () => broker.stop();
}
