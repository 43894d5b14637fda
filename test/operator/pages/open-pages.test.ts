import { expect, test } from "vitest";
import { openPages } from "../../../operator/pages/open-pages.ts";
import { freePort } from "../../../operator/local/free-port.ts";

test("pages open at their port, refuse a port that is taken, and are gone when closed", async () => {
  const port = await freePort();
  const options = { deployments: () => [], gatewayUrl: "http://127.0.0.1:1", port };
  const open = await openPages(options);
  expect(await (await fetch(open.url)).text()).toContain("No ModelDeployment yet");
  await expect(openPages(options)).rejects.toThrow("EADDRINUSE");
  await open.close();
  await expect(fetch(open.url)).rejects.toThrow("fetch failed");
});
