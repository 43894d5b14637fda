/**
 * A gRPC server that answers each call with fixed bytes, at a fraction of the cost of a gRPC library.
 *
 *     node http2-pod.ts PORT ANSWER_BASE64
 */
import { createServer } from "node:net";
import { systemClock } from "../../../runtime/base/clock.ts";
import { Http2Connection } from "../../../runtime/http2/connection.ts";

const [port = "", answerText = ""] = process.argv.slice(2);
const message = Buffer.from(answerText, "base64");
const answer = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
const head = [":status", "200", "content-type", "application/grpc"];
const trailers = ["grpc-status", "0", "grpc-message", "OK"];

createServer({ noDelay: true }, (socket) => {
  void new Http2Connection({
    socket,
    clock: systemClock,
    headers: { listBytes: 65_536, maxFields: 256 },
    maxStreams: 1000,
    streamWindowBytes: 256 * 1024,
    connectionWindowBytes: 16 * 1024 * 1024,
    resets: { burst: 1000, perSecond: 1000 },
    idleMs: Number.POSITIVE_INFINITY,
    onRequest: (stream) => {
      stream.owner = {
        headersReceived: () => {},
        data: () => {},
        ended: () => {
          stream.headers(head);
          stream.write(answer);
          stream.endWithTrailers(trailers);
        },
        drained: () => {},
        closed: () => {},
      };
    },
  });
}).listen(Number(port), "127.0.0.1");
