import type { ClientRequest } from "node:http";
import type { OnReadOpts, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";

import type { Connection, Credentials } from "../config.ts";

/** Called once, with a writable stream or the reason why there is none. */
export type Opened = (error: Error | null, stream?: Duplex) => void;

/**
 * Opens one connection to the API server, over TLS if its URL says so, and calls `opened` once. Received bytes go to `onPiece`,
 * where possible in reused memory; without `onPiece` they are read from the stream.
 */
export type Connect = (opened: Opened, onPiece?: OnPiece) => void;

/** Receives bytes that are valid only during the call; returning false pauses the stream. */
export type OnPiece = (piece: Buffer) => boolean;

/** TCP keep-alive below the idle limits of load balancers, as in client-go. It also detects a dead peer of a silent watch. */
const probeAfterMs = 30_000;
/** How long a proxy may take to open a tunnel. */
const tunnelTimeoutMs = 30_000;

/** Connects directly or through a proxy. Node's modules are loaded on demand: TLS costs 6 MB. */
export function connector(connection: Connection, credentials: Credentials): Connect {
  const server = new URL(connection.server);
  const host = server.hostname.replace(/^\[(.*)\]$/, "$1");
  const isSecure = server.protocol === "https:";
  const port = Number(server.port || (isSecure ? 443 : 80));
  const connectTls = isSecure ? tlsConnector(host, credentials) : undefined;
  if (connection.proxyUrl !== undefined) {
    const tunnel = tunnelThrough(new URL(connection.proxyUrl), `${host.includes(":") ? `[${host}]` : host}:${port}`);
    return (opened, onPiece) =>
      tunnel((error, socket) => {
        if (socket === undefined || error !== null || connectTls === undefined)
          opened(error, deliverTo(socket, onPiece));
        else
          whenOpen(connectTls({ socket }), "secureConnect", (failed, stream) =>
            opened(failed, deliverTo(stream, onPiece)),
          );
      });
  }
  if (connectTls !== undefined) {
    return (opened, onPiece) =>
      whenOpen(configured(connectTls({ host, port, ...readOptions(onPiece) })), "secureConnect", opened);
  }
  const { connect } = process.getBuiltinModule("node:net");
  return (opened, onPiece) => whenOpen(configured(connect({ host, port, ...readOptions(onPiece) })), "connect", opened);
}

/** Maximum size of a TLS record. */
const pieceBytes = 16_384;

/** Reads into one reused buffer: a new buffer for each piece costs more time and memory than everything else done with the piece. */
function readOptions(onPiece: OnPiece | undefined): { readonly onread?: OnReadOpts } {
  if (onPiece === undefined) return {};
  const buffer = Buffer.allocUnsafeSlow(pieceBytes);
  return { onread: { buffer, callback: (sizeBytes) => onPiece(buffer.subarray(0, sizeBytes)) } };
}

/** Delivers by `data` events, because a stream inside a tunnel does not support `onread`. */
function deliverTo(stream: Duplex | undefined, onPiece: OnPiece | undefined): Duplex | undefined {
  if (onPiece === undefined) return stream;
  return stream?.on("data", (piece: Buffer) => {
    if (!onPiece(piece)) stream.pause();
  });
}

function configured<T extends Socket>(socket: T): T {
  socket.setNoDelay(true).setKeepAlive(true, probeAfterMs);
  return socket;
}

function whenOpen(stream: Duplex, event: "connect" | "secureConnect", opened: Opened): void {
  const failed = (error: Error): void => opened(error);
  stream.once("error", failed).once(event, () => {
    stream.off("error", failed);
    opened(null, stream);
  });
}

type TlsTarget = ConnectionOptions & { readonly onread?: OnReadOpts };

/** Creates the secure context once; by default Node parses the certificates for each connection. */
function tlsConnector(host: string, { tls: tlsFacts }: Credentials): (target: TlsTarget) => Socket {
  const { ca, cert, key, servername, rejectUnauthorized } = tlsFacts;
  const tls = process.getBuiltinModule("node:tls");
  const secureContext = tls.createSecureContext({ ca, cert, key });
  // SNI must not be an IP address (RFC 6066).
  const isHostname = process.getBuiltinModule("node:net").isIP(host) === 0;
  const name = servername ?? (isHostname ? host : undefined);
  const named = name === undefined ? {} : { servername: name };
  const checked = rejectUnauthorized === undefined ? {} : { rejectUnauthorized };
  // The certificate is checked against the host, also through a tunnel.
  return (target) => tls.connect({ host, ...target, ...named, ...checked, secureContext, ALPNProtocols: ["http/1.1"] });
}

/** Connects through a proxy's CONNECT tunnel. */
function tunnelThrough(proxy: URL, target: string): Connect {
  const { request } = process.getBuiltinModule(proxy.protocol === "https:" ? "node:https" : "node:http");
  const account = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const proxyAuthorization = { "proxy-authorization": `Basic ${Buffer.from(account).toString("base64")}` };
  const headers = { host: target, ...(account === ":" ? {} : proxyAuthorization) };
  return (opened) => {
    const tunnel: ClientRequest = request(proxy, {
      method: "CONNECT",
      path: target,
      headers,
      agent: false,
      timeout: tunnelTimeoutMs,
    });
    tunnel
      .on("connect", ({ statusCode }, socket) => {
        if (statusCode === 200) return opened(null, socket);
        socket.destroy();
        return opened(new Error(`the proxy ${proxy.host} answered CONNECT ${target} with ${statusCode}`));
      })
      .on("timeout", () => tunnel.destroy(new Error(`the proxy ${proxy.host} is silent`)))
      .on("error", opened)
      .end();
  };
}
