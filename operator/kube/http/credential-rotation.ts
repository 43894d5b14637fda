import type { Clock } from "../../../runtime/base/clock.ts";
import type { Connection, Credentials } from "../config.ts";
import { kubeFaults } from "../faults.ts";
import { type ConnectionPool, createConnectionPool } from "./connection-pool.ts";
import { connector } from "./connector.ts";
import { createStreams, type Streams } from "./streams.ts";
import { errorText } from "./error-text.ts";

/** Credentials, and the connections that were made with them. */
export interface AuthenticatedConnections {
  readonly credentials: Credentials;
  /** For whole responses. */
  readonly pool: ConnectionPool;
  readonly streams: Streams;
}

/** The credentials in use and the connections that were made with them. */
export interface CredentialRotation {
  current(): Promise<AuthenticatedConnections>;
  /** With credentials made anew; all who saw the same refused ones wait for one and the same renewal. */
  renewed(refused: AuthenticatedConnections): Promise<AuthenticatedConnections>;
  close(): Promise<void>;
}

/** A token file may be replaced at any time; client-go reads it again after this long. */
const rereadAfterMs = 60_000;

/** A session without credentials yet; they are read with the first request. */
export function createCredentialRotation(connection: Connection, clock: Clock): CredentialRotation {
  let entry: Promise<AuthenticatedConnections> | undefined;
  let settled: AuthenticatedConnections | undefined;
  let renewal: Promise<AuthenticatedConnections> | undefined;
  let readMs = 0;
  const opened: AuthenticatedConnections[] = [];
  let isClosed = false;

  const connections = (to: Connection, credentials: Credentials): Pick<AuthenticatedConnections, "pool" | "streams"> => {
    const connect = connector(to, credentials);
    return { pool: createConnectionPool(connect, clock), streams: createStreams(connect) };
  };
  const load = async (fresh: boolean): Promise<AuthenticatedConnections> => {
    const credentials = await read(connection, fresh);
    const known = settled !== undefined && isSameTls(settled.credentials, credentials) ? settled : undefined;
    const { pool, streams } = known ?? connections(connection, credentials);
    settled = { credentials, pool, streams };
    if (known === undefined) opened.push(settled);
    return settled;
  };
  const reload = (fresh: boolean): Promise<AuthenticatedConnections> => {
    readMs = clock.monotonic();
    entry = load(fresh);
    // The next request tries again.
    entry.catch(() => (entry = undefined));
    return entry;
  };
  return {
    current() {
      if (isClosed) return Promise.reject(new Error("the transport is closed"));
      return entry === undefined || clock.monotonic() - readMs > rereadAfterMs ? reload(false) : entry;
    },
    renewed(refused) {
      if (settled !== refused && entry !== undefined) return entry;
      renewal ??= reload(true).finally(() => (renewal = undefined));
      return renewal;
    },
    close() {
      isClosed = true;
      for (const { pool, streams } of opened) {
        pool.close();
        streams.close();
      }
      return Promise.resolve();
    },
  };
}

async function read(connection: Connection, fresh: boolean): Promise<Credentials> {
  try {
    return await connection.credentials(fresh);
  } catch (thrown) {
    throw kubeFaults.NoCredentials({ server: connection.server, cause: errorText(thrown) }, thrown);
  }
}

function isSameTls({ tls: one }: Credentials, { tls: other }: Credentials): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
