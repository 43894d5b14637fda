import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, vi } from "vitest";

import { readYaml } from "../../../crds/schema/yaml.ts";
import { type Client, createClient } from "../../../operator/kube/client.ts";
import type { KubeObject } from "../../../operator/kube/kinds.ts";
import { resources } from "../../../operator/kube/resources.ts";
import type { Transport } from "../../../operator/kube/transport.ts";
import { applySuite } from "./apply-suite.ts";
import type { SuiteContext } from "./suite-context.ts";
import { deletionSuite } from "./deletion-suite.ts";
import { leaseSuite } from "./lease-suite.ts";
import { verbSuite } from "./verb-suite.ts";
import { watchSuite } from "./watch-suite.ts";

/** An API server under test. */
export interface Subject {
  readonly transport: Transport;
  stop(): Promise<void>;
}

/** Registers the tests that every API server must pass, the real one included. They are skipped if there is a reason. */
export function kubeClientConformance(name: string, start: () => Promise<Subject>, skipReason?: string): void {
  const title = `the kube client on ${name}${skipReason === undefined ? "" : ` (skipped: ${skipReason})`}`;
  describe.skipIf(skipReason !== undefined)(title, () => {
    const namespace = `conformance-${Math.random().toString(36).slice(2, 8)}`;
    let subject: Subject | undefined;
    let count = 0;
    const transport: Transport = {
      send: (request) => startedOf(subject).send(request),
      open: (request) => startedOf(subject).open(request),
      close: () => Promise.resolve(),
    };
    const context: SuiteContext = {
      transport,
      client: createClient({ transport, fieldManager: "conformance" }),
      other: createClient({ transport, fieldManager: "somebody-else" }),
      namespace,
      key: () => ({ namespace, name: `object-${++count}` }),
    };
    beforeAll(async () => {
      subject = await start();
      await context.client.create(resources.namespaces, {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: namespace },
      });
      await installModelDeployments(context.client);
    }, 120_000);
    afterAll(async () => {
      if (subject === undefined) return;
      await context.client.remove(resources.namespaces, { name: namespace });
      await subject.stop();
    });
    describe("verbs", () => verbSuite(context));
    describe("server-side apply", () => applySuite(context));
    describe("deletion", () => deletionSuite(context));
    describe("watch and cache", () => watchSuite(context));
    describe("lease", () => leaseSuite(context));
  });
}

function startedOf(subject: Subject | undefined): Transport {
  if (subject === undefined) throw new Error("the subject has not started");
  return subject.transport;
}

const crdPath = join(import.meta.dirname, "../../../crds/generated/modelwright.dev_modeldeployments.yaml");

async function installModelDeployments(client: Client): Promise<void> {
  const [crd] = readYaml(readFileSync(crdPath, "utf8"), crdPath) as KubeObject[]; // our own CRD
  if (crd === undefined) throw new Error(`${crdPath} holds no object`);
  await client.apply(resources.customResourceDefinitions, crd, { force: true });
  // The condition Established can precede serving: a successful list is the better check.
  await vi.waitFor(() => client.list(resources.modelDeployments), { timeout: 20_000, interval: 100 });
}
