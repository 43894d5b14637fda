/**
 * The lower bound of a hop's cost on Node: it copies bytes from one socket to another and parses nothing.
 *
 *     node bare-relay.ts PORT UPSTREAM_PORT
 */
import { connect, createServer } from "node:net";

const [port = "", upstreamPort = ""] = process.argv.slice(2);
createServer({ noDelay: true }, (client) => {
  const pod = connect({ host: "127.0.0.1", port: Number(upstreamPort), noDelay: true });
  client.on("data", (chunk) => pod.write(chunk)).on("error", () => pod.destroy());
  pod.on("data", (chunk) => client.write(chunk)).on("error", () => client.destroy());
  client.on("close", () => pod.destroy());
  pod.on("close", () => client.destroy());
}).listen(Number(port), "127.0.0.1");
