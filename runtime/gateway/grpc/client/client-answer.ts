import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { errorCodes } from "../../http2/node-http2.ts";

/** The answer to a call: headers, messages, trailers. Nothing is written to a client that has left. */
export interface ClientAnswer {
  /** Headers went out: no other pod can answer. */
  readonly hasBegun: boolean;
  readonly hasEnded: boolean;
  readonly begin: (headers: OutgoingHttpHeaders) => void;
  /** False: no more until it has drained. */
  readonly write: (chunk: Uint8Array) => boolean;
  /** Calls back once, when there is room for more. */
  readonly onDrain: (listener: () => void) => void;
  /** Ends it with trailers; where it has not begun they are all there is of it, together with `headers`. */
  readonly end: (trailers: OutgoingHttpHeaders, headers?: OutgoingHttpHeaders) => void;
}

const ownHeaders: OutgoingHttpHeaders = { ":status": 200, "content-type": "application/grpc" };

export function clientAnswer(client: ServerHttp2Stream): ClientAnswer {
  let hasBegun = false;
  let hasEnded = false;
  /** The last bytes: kept until this turn is over, since with the end they go out as one. */
  let pending: Uint8Array | undefined;
  const isGone = (): boolean => client.destroyed || client.closed;
  const attempt = (send: () => void): void => {
    try {
      send();
    } catch {
      // Node refuses headers that a pod may not send: nobody can answer with them.
      client.close(errorCodes.internalError);
    }
  };
  const flush = (): void => {
    if (pending !== undefined && !isGone()) client.write(pending);
    pending = undefined;
  };
  return {
    get hasBegun() {
      return hasBegun;
    },
    get hasEnded() {
      return hasEnded;
    },
    begin: (headers) => {
      hasBegun = true;
      if (!isGone()) attempt(() => client.respond(headers, { waitForTrailers: true }));
    },
    write: (chunk) => {
      if (isGone()) return true;
      const before = pending;
      pending = chunk;
      if (before !== undefined) return client.write(before);
      setImmediate(flush);
      return !client.writableNeedDrain;
    },
    onDrain: (listener) => void client.once("drain", listener),
    end: (trailers, headers = ownHeaders) => {
      if (hasEnded || isGone()) return;
      hasEnded = true;
      // The rest of the request, if there is any, is not wanted (RFC 9113 §8.1).
      client.once("finish", () => {
        if (!client.readableEnded) client.close(errorCodes.noError);
      });
      if (!hasBegun) {
        hasBegun = true;
        attempt(() => client.respond({ ...headers, ...trailers }, { endStream: true }));
        return;
      }
      client.once("wantTrailers", () => attempt(() => client.sendTrailers(trailers)));
      client.end(pending);
      pending = undefined;
    },
  };
}
