import type { ClientRequest } from "node:http";
import type { OnReadOpts, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";

import type { Connection, Credentials } from "../config.ts";

/** Told once: a stream that can be written to, or why there is none. */
export type Opened = (error: Error | null, stream?: Duplex) => void;

/**
 * Opens one connection to the API server, encrypted where its URL says so. Told once, when requests may be written. With
 * `onPiece` what comes is told there in memory that is used again, as far as the way there allows; else the stream has it.
 */
export type Connect = (opened: Opened, onPiece?: OnPiece) => void;

/** Told bytes that are there until it returns; false pauses the stream. */
export type OnPiece = (piece: Buffer) => boolean;

/** Below the idle limits of load balancers, as client-go. Also finds out that the other end of a silent watch is gone. */
const probeAfterMs = 30_000;
/** How long a proxy may take to open a tunnel. */
const tunnelTimeoutMs = 30_000;

/** Connects directly or through the proxy. Built-in modules are taken when they are needed: TLS costs 6 MB. */
export function connector(connection: Connection, credentials: Credentials): Connect {
  const server = new URL(connection.server);
  const host = server.hostname.replace(/^\[(.*)\]$/, "$1");
  const isSecure = server.protocol === "https:";
  const port = Number(server.port || (isSecure ? 443 : 80));
  const secured = isSecure ? securing(host, credentials) : undefined;
  if (connection.proxyUrl !== undefined) {
    const tunnel = tunnelThrough(new URL(connection.proxyUrl), `${host.includes(":") ? `[${host}]` : host}:${port}`);
    return (opened, onPiece) =>
      tunnel((error, socket) => {
        if (socket === undefined || error !== null || secured === undefined) opened(error, told(socket, onPiece));
        else whenOpen(secured({ socket }), "secureConnect", (failed, stream) => opened(failed, told(stream, onPiece)));
      });
  }
  if (secured !== undefined) {
    return (opened, onPiece) => whenOpen(kept(secured({ host, port, ...reading(onPiece) })), "secureConnect", opened);
  }
  const { connect } = process.getBuiltinModule("node:net");
  return (opened, onPiece) => whenOpen(kept(connect({ host, port, ...reading(onPiece) })), "connect", opened);
}

/** As much as TLS gives at once. */
const pieceBytes = 16_384;

/** A buffer for each piece costs more processor time and memory, until it is collected, than all else that is done with it. */
function reading(onPiece: OnPiece | undefined): { readonly onread?: OnReadOpts } {
  if (onPiece === undefined) return {};
  const buffer = Buffer.allocUnsafeSlow(pieceBytes);
  return { onread: { buffer, callback: (sizeBytes) => onPiece(buffer.subarray(0, sizeBytes)) } };
}

/** A stream within a stream has memory of its own. */
function told(stream: Duplex | undefined, onPiece: OnPiece | undefined): Duplex | undefined {
  if (onPiece === undefined) return stream;
  return stream?.on("data", (piece: Buffer) => {
    if (!onPiece(piece)) stream.pause();
  });
}

function kept<T extends Socket>(socket: T): T {
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

type Way = ConnectionOptions & { readonly onread?: OnReadOpts };

/** The context is made once: by itself Node reads the certificates again for each connection. */
function securing(host: string, { tls: facts }: Credentials): (way: Way) => Socket {
  const { ca, cert, key, servername, rejectUnauthorized } = facts;
  const tls = process.getBuiltinModule("node:tls");
  const secureContext = tls.createSecureContext({ ca, cert, key });
  // No server name is an address (RFC 6066).
  const isNamed = process.getBuiltinModule("node:net").isIP(host) === 0;
  const name = servername ?? (isNamed ? host : undefined);
  const named = name === undefined ? {} : { servername: name };
  const checked = rejectUnauthorized === undefined ? {} : { rejectUnauthorized };
  // The host is what the certificate is checked against, also where a tunnel leads there.
  return (way) => tls.connect({ host, ...way, ...named, ...checked, secureContext, ALPNProtocols: ["http/1.1"] });
}

/** Asks a proxy for a tunnel, and speaks through it as over any connection. */
function tunnelThrough(proxy: URL, target: string): Connect {
  const { request } = process.getBuiltinModule(proxy.protocol === "https:" ? "node:https" : "node:http");
  const account = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const login = { "proxy-authorization": `Basic ${Buffer.from(account).toString("base64")}` };
  const headers = { host: target, ...(account === ":" ? {} : login) };
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
