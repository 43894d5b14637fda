import { once } from "node:events";
import { type PageSources, pages } from "./pages.ts";
import { createScalingHistory, lookEveryMs } from "./model/scaling-history.ts";

interface OpenPagesOptions extends Pick<PageSources, "steer" | "gatewayUrl"> {
  readonly deployments: PageSources["modelDeployments"];
  readonly port: number;
}

/** The pages behind a socket of this machine. */
export interface OpenPages {
  readonly url: string;
  close(): Promise<void>;
}

/** Opens the pages on 127.0.0.1. Throws the socket's error when the port is taken. */
export async function openPages({ deployments, port, ...sources }: OpenPagesOptions): Promise<OpenPages> {
  const scaling = createScalingHistory();
  const look = (): void => scaling.look(deployments(), Date.now());
  const looking = setInterval(look, lookEveryMs).unref();
  const server = pages({ modelDeployments: deployments, scaling, ...sources }).listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      clearInterval(looking);
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
