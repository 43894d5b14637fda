import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { showDashboard } from "../../../../operator/cli/cluster/dashboard.ts";

test("a port in use is reported with its flag before any cluster is contacted", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const address = taken.address();
  const pagePort = typeof address === "object" && address !== null ? address.port : 0;
  const options = { command: "dashboard", kubeconfig: undefined, namespace: undefined, apiPort: 1, pagePort } as const;
  const terminal = { print: () => {}, clear: () => {}, stop: () => AbortSignal.abort() };
  await expect(showDashboard(options, terminal)).rejects.toMatchObject({
    sentence: `port ${pagePort} (web page) is in use by another program; stop that program or choose another port with --page-port PORT`,
  });
  taken.close();
});
