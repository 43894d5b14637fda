/**
 * A minimal proxy on libraries: a `node:http` server and undici's pool, without routes or metrics.
 *
 *     node bare-proxy.ts PORT UPSTREAM_PORT
 */
import { createServer } from "node:http";
import { Pool } from "undici";

const [port = "", upstreamPort = ""] = process.argv.slice(2);
const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: null, pipelining: 1 });
createServer((request, response) => {
  const headers = request.rawHeaders.filter((_, i, all) => !/^connection$/i.test(all[i - (i % 2)] ?? ""));
  const { method = "GET", url: path = "/" } = request;
  pool.dispatch(
    { path, method, headers, body: method === "GET" ? null : request },
    {
      onRequestStart: () => {},
      onResponseStart: (_controller, status, headers) => void response.writeHead(status, headers),
      onResponseData: (_controller, chunk) => void response.write(chunk),
      onResponseEnd: () => void response.end(),
      onResponseError: () => void response.destroy(),
    },
  );
}).listen(Number(port), "127.0.0.1");
