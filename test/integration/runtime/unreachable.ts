import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** An address where no model is served. */
export interface Unreachable {
  readonly url: string;
  close(): void;
}

/** A port that refuses connections. */
export async function refusing(): Promise<Unreachable> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  server.close();
  await once(server, "close");
  return { url: `http://127.0.0.1:${port}`, close: () => {} };
}

/** Listens with a backlog of one and never accepts: further connections get no answer, as behind a firewall. */
const neverAccepting = `
const server = require("node:net").createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  require("node:fs").writeSync(1, String(server.address().port));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

/** A port that neither accepts nor refuses connections. */
export async function silent(): Promise<Unreachable> {
  const child = spawn(process.execPath, ["--eval", neverAccepting], { stdio: ["ignore", "pipe", "inherit"] });
  const [printed]: unknown[] = await once(child.stdout, "data");
  const port = Number(String(printed));
  const taken: Socket[] = Array.from({ length: 4 }, () => connect(port, "127.0.0.1").on("error", () => {}));
  await new Promise((resolve) => setTimeout(resolve, 200));
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      for (const socket of taken) socket.destroy();
      child.kill("SIGKILL");
    },
  };
}
