import { modelHeader } from "../../contract/route-table.ts";
import { anyRevision } from "../routing/choice.ts";
import type { LiveRoute } from "../routing/live.ts";
import { routeByHeaders, routeByModel } from "../routing/locate.ts";
import type { RouteTable } from "../routing/table.ts";
import { stickyValue } from "../routing/sharing/sticky.ts";
import { askedVersion } from "../routing/version.ts";
import type { CallTime } from "./call-time.ts";
import type { ClientCall, RoutedCall } from "./call.ts";
import { grpcFaults } from "./faults.ts";
import { headModel, messageHead, messageMeter, renumberedMessages } from "./messages/message-frames.ts";
import type { ModelPlace, NamedModel } from "./messages/named-model.ts";
import { ownMethods } from "./own-methods.ts";
import type { NumberOf } from "./messages/renumbered.ts";
import type { Pass } from "./client/request-source.ts";

const reflection = /^\/grpc\.reflection\.v1(alpha)?\.ServerReflection\//;

/**
 * The route that a call on a shared port means: by header `modelwright-model`, by host, else by the model that its first
 * message names. Without any of them questions about the server mean the gateway; what services there are every pod knows.
 */
export async function locatedCall(call: ClientCall, table: RouteTable): Promise<LiveRoute | "gateway"> {
  const { headers, method, shape } = call;
  const byHeaders = routeByHeaders(table, headers[modelHeader], headers[":authority"] ?? headers.host);
  if (byHeaders !== undefined) return byHeaders;
  if (ownMethods.has(method)) return "gateway";
  if (reflection.test(method)) return anyServing(table);
  if (shape.model === undefined) throw grpcFaults.MethodUnknown({ method });
  const { name } = await openingModel(call, shape.model);
  if (name === "" && !call.end.isOver) throw grpcFaults.ModelUnnamed({ method });
  return routeByModel(table, name);
}

/** The call with the revision that it wishes for, and with what its pods are to read in place of a label. */
export async function routedCall(call: ClientCall, live: LiveRoute, time: CallTime): Promise<RoutedCall> {
  const { route } = live;
  const { model } = call.shape;
  const sticky = route.sticky === undefined ? undefined : stickyValue(route.sticky, call.headers);
  const wish = sticky === undefined ? anyRevision : { stickyValue: sticky };
  const version = model === undefined ? undefined : (await legibleModel(call, model)).version;
  const pass = (): Pass => metered(route.bodyBytes);
  const plain = { ...call, live, pass, leftMs: time.leftMs, timeoutMs: time.leftAt(live) };
  const asked = version === undefined ? undefined : askedVersion(route, version);
  if (model === undefined || version === undefined || asked === undefined) return { ...plain, wish };
  const numbered = { ...plain, wish: { ...wish, revision: asked.revision } };
  if ("number" in version) return numbered;
  const { number } = asked;
  const numberOf: NumberOf = (label) => (label === version.label ? { number } : undefined);
  const encoding = call.headers["grpc-encoding"]?.toString();
  const renumbering = (): Pass => {
    const meter = metered(route.bodyBytes);
    const renumber = renumberedMessages({ place: model, numberOf, encoding });
    return (chunk) => renumber(meter(chunk));
  };
  return { ...numbered, pass: renumbering };
}

/** Messages pass as they are, up to this size. */
function metered(limitBytes: number): Pass {
  const check = messageMeter(limitBytes);
  return (chunk) => {
    check(chunk);
    return chunk;
  };
}

function anyServing(table: RouteTable): LiveRoute {
  for (const live of table.byKey.values()) if (live.sharing.length > 0) return live;
  throw grpcFaults.NothingReady({});
}

/** What a call says of its model. What cannot be read names none: the pod says in its own words what is wrong with it. */
async function legibleModel(call: ClientCall, place: ModelPlace): Promise<NamedModel> {
  try {
    return await openingModel(call, place);
  } catch {
    return { name: "" };
  }
}

/** Waits for as much of the first message as it takes. Throws ProtobufError or `MessageUnreadable`. */
async function openingModel({ source, headers, end, shape }: ClientCall, place: ModelPlace): Promise<NamedModel> {
  const encoding = headers["grpc-encoding"]?.toString();
  let named: NamedModel | "cut" = "cut";
  let broken: { readonly thrown: unknown } | undefined;
  await source.beginning((bytes) => {
    const head = messageHead(bytes);
    if (head === undefined) return false;
    try {
      if (named === "cut") named = headModel(place, head, encoding);
    } catch (thrown) {
      broken = { thrown };
      return true;
    }
    // Nothing but its end follows the one message of a call that is no stream: both go on together.
    return named !== "cut" && (shape.isStream === true || !head.isWhole);
  }, end);
  if (broken !== undefined) throw broken.thrown;
  return named === "cut" ? { name: "" } : named;
}
