/**
 * The least that a proxy for gRPC can be with `node:http2`: one connection to the server behind, headers, bytes and trailers
 * passed on, no route, no figure, no retry.
 *
 *     node bare-http2-proxy.ts PORT UPSTREAM_PORT
 */
import { connect, createServer } from "node:http2";

const [port = "", upstreamPort = ""] = process.argv.slice(2);
const upstream = connect(`http://127.0.0.1:${upstreamPort}`);
createServer()
  .on("stream", (stream, headers) => {
    const onward = upstream.request({ ...headers }, { endStream: false });
    let trailers = {};
    stream.on("data", (chunk: Buffer) => onward.write(chunk));
    stream.on("end", () => onward.end());
    stream.on("wantTrailers", () => stream.sendTrailers({ ...trailers }));
    onward.on("response", (answer) => {
      // A client may have left meanwhile.
      if (!stream.destroyed) stream.respond({ ...answer }, { waitForTrailers: true });
    });
    onward.on("data", (chunk: Buffer) => stream.write(chunk));
    onward.on("trailers", (last) => (trailers = last));
    onward.on("end", () => stream.end());
  })
  .listen(Number(port), "127.0.0.1");
