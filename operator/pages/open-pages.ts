import { once } from "node:events";
import { type PageSources, pages } from "./pages.ts";
import { createScalingHistory, sampleEveryMs } from "./model/scaling-history.ts";

interface OpenPagesOptions extends Pick<PageSources, "runCommand" | "gatewayUrl"> {
  readonly deployments: PageSources["modelDeployments"];
  readonly port: number;
}

/** A running server of the pages. */
export interface OpenPages {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the pages on 127.0.0.1. Throws the socket's error when the port is taken. */
export async function openPages({ deployments, port, ...sources }: OpenPagesOptions): Promise<OpenPages> {
  const scaling = createScalingHistory();
  const sample = (): void => scaling.sample(deployments(), Date.now());
  const sampling = setInterval(sample, sampleEveryMs).unref();
  const server = pages({ modelDeployments: deployments, scaling, ...sources }).listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      clearInterval(sampling);
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
