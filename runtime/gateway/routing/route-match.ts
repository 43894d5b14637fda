import type { IncomingHttpHeaders } from "node:http";
import { modelHeader } from "../../contract/route-table.ts";
import { faults } from "../faults.ts";
import type { LiveRoute } from "./live.ts";
import type { RouteTable } from "./table.ts";

/** TensorFlow Serving, KServe V1 and Open Inference paths all name the model in the third segment. */
const modelInPath = /^\/v[12]\/models\/([^/:?]+)/i;

/** How clients of KServe and of the Open Inference Protocol ask after a whole server. */
const probes: ReadonlyMap<string, Probe> = new Map([
  ["/", "alive"],
  ["/v2", "server"],
  ["/v2/health/live", "live"],
  ["/v2/health/ready", "ready"],
]);

/** A question about the gateway itself. */
export type Probe = "alive" | "server" | "live" | "ready";

/** What a request says of where it is to go. */
interface Located {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * The route that a request on the shared front port means: by header `modelwright-model`, by host `<name>.<namespace>…`, by
 * a hostname of the route, else by the model name in its path when only one ModelDeployment has it. Without any of them the
 * question who the server is, whether it lives or is ready means the gateway.
 */
export function locatedRoute(table: RouteTable, { method, path, headers }: Located): LiveRoute | Probe {
  const byHeaders = routeByHeaders(table, headers[modelHeader], headers.host);
  if (byHeaders !== undefined) return byHeaders;
  const probe = method === "GET" || method === "HEAD" ? probes.get(path) : undefined;
  return probe ?? routeByPath(table, path);
}

/** The route that the header `modelwright-model` or the host names; undefined: neither names one. Throws `RouteNotFound` or `TableMissing`. */
export function routeByHeaders(
  table: RouteTable,
  named: string | readonly string[] | undefined,
  host: string | undefined,
): LiveRoute | undefined {
  if (typeof named === "string") return routeByKey(table, named);
  return host === undefined ? undefined : table.ofHost(host);
}

function routeByKey(table: RouteTable, key: string): LiveRoute {
  const live = table.byKey.get(key);
  if (live === undefined) throw unknown(table, `${modelHeader}: ${key}`);
  return live;
}

function routeByPath(table: RouteTable, path: string): LiveRoute {
  const segment = modelInPath.exec(path)?.[1];
  if (segment === undefined) throw unknown(table, `path ${path}`);
  return routeByModel(table, decoded(segment));
}

/** The only route whose model has this name. Throws `RouteNotFound` or `RouteAmbiguous`. */
export function routeByModel(table: RouteTable, model: string): LiveRoute {
  const named = table.byModel.get(model);
  const first = named?.[0];
  if (named === undefined || first === undefined) throw unknown(table, `model ${model}`);
  if (named.length > 1) {
    const keys = named.map(({ route }) => route.key);
    throw faults.RouteAmbiguous({ model: first.route.model, keys });
  }
  return first;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function unknown(table: RouteTable, asked: string): Error {
  if (table.version === 0) return faults.TableMissing({});
  const shown = 10;
  const known = [...table.byKey.values()].slice(0, shown).map(({ route }) => `${route.model} (${route.key})`);
  return faults.RouteNotFound({ asked, known });
}
