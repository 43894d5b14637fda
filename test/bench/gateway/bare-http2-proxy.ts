/**
 * A minimal gRPC proxy on `node:http2`: it forwards headers, data and trailers over one upstream connection, without routes, metrics
 * or retries.
 *
 *     node bare-http2-proxy.ts PORT UPSTREAM_PORT
 */
import { connect, createServer } from "node:http2";

const [port = "", upstreamPort = ""] = process.argv.slice(2);
const upstream = connect(`http://127.0.0.1:${upstreamPort}`);
createServer()
  .on("stream", (stream, headers) => {
    const forwarded = upstream.request({ ...headers }, { endStream: false });
    let trailers = {};
    stream.on("data", (chunk: Buffer) => forwarded.write(chunk));
    stream.on("end", () => forwarded.end());
    stream.on("wantTrailers", () => stream.sendTrailers({ ...trailers }));
    forwarded.on("response", (answer) => {
      // The client may have disconnected meanwhile.
      if (!stream.destroyed) stream.respond({ ...answer }, { waitForTrailers: true });
    });
    forwarded.on("data", (chunk: Buffer) => stream.write(chunk));
    forwarded.on("trailers", (last) => (trailers = last));
    forwarded.on("end", () => stream.end());
  })
  .listen(Number(port), "127.0.0.1");
