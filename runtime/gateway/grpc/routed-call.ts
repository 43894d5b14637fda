import type { Buffer } from "node:buffer";
import { anyRevision, type Wish } from "../routing/choice.ts";
import type { LiveRoute } from "../routing/live.ts";
import { routeByHeaders, routeByModel } from "../routing/locate.ts";
import { stickyValue } from "../routing/sharing/sticky.ts";
import type { RouteTable } from "../routing/table.ts";
import { askedVersion } from "../routing/version.ts";
import { headerRecord } from "../http2/header-record.ts";
import type { CallHead } from "./call-head.ts";
import type { ClientCall, RoutedCall } from "./call.ts";
import { grpcFaults } from "./faults.ts";
import { headModel, messageHead, messageMeter, renumberedMessages } from "./messages/message-frames.ts";
import type { ModelPlace, NamedModel } from "./messages/named-model.ts";
import { ownMethods } from "./own-methods.ts";
import type { NumberOf } from "./messages/renumbered.ts";
import type { Pass } from "./client/request-source.ts";

/** What a call's first message says of its model, or why it cannot be read. Absent where methods name none. */
export type Opening = { readonly named: NamedModel } | { readonly broken: unknown };

const reflection = /^\/grpc\.reflection\.v1(alpha)?\.ServerReflection\//;

/**
 * The route that a call on a shared port means: by header `modelwright-model`, by host, else by the model that its first
 * message names. Without any of them questions about the server mean the gateway; what services there are every pod knows.
 * Throws a fault, or ProtobufError.
 */
export function locatedCall(
  { method, routeKey, host }: CallHead,
  opening: Opening | undefined,
  table: RouteTable,
): LiveRoute | "gateway" {
  const byHeaders = routeByHeaders(table, routeKey, host);
  if (byHeaders !== undefined) return byHeaders;
  if (ownMethods.has(method)) return "gateway";
  if (reflection.test(method)) return anyServing(table);
  if (opening === undefined) throw grpcFaults.MethodUnknown({ method });
  if ("broken" in opening) throw opening.broken;
  const { name } = opening.named;
  if (name === "") throw grpcFaults.ModelUnnamed({ method });
  return routeByModel(table, name);
}

/**
 * The call with the revision that it wishes for, and with what its pods are to read in place of a label. What cannot be read
 * wishes for none: the pod says in its own words what is wrong with it. Throws `VersionNotFound`.
 */
export function routedCall(call: ClientCall, opening: Opening | undefined, live: LiveRoute): RoutedCall {
  const { route } = live;
  const { shape, encoding } = call.head;
  const version = opening === undefined || "broken" in opening ? undefined : opening.named.version;
  const asked = version === undefined ? undefined : askedVersion(route, version);
  const timeoutMs = call.leftAt(live);
  const plain = (): Pass => metered(route.bodyBytes);
  if (shape.model === undefined || version === undefined || asked === undefined) {
    const isOwnVersion = version !== undefined && asked === undefined;
    return { call, live, wish: stickyWish(call.head, live), isOwnVersion, timeoutMs, pass: plain };
  }
  const wish = { revision: asked.revision };
  const terms = { call, live, wish, isOwnVersion: false, timeoutMs };
  if ("number" in version) return { ...terms, pass: plain };
  const { model } = shape;
  const { number } = asked;
  const numberOf: NumberOf = (label) => (label === version.label ? { number } : undefined);
  const renumbering = (): Pass => {
    const meter = metered(route.bodyBytes);
    const renumber = renumberedMessages({ place: model, numberOf, encoding });
    return (chunk) => renumber(meter(chunk));
  };
  return { ...terms, pass: renumbering };
}

/** Reads as much of a call's first message as it takes to know its model, and calls back then. */
export function readOpening(call: ClientCall, place: ModelPlace, read: (opening: Opening) => void): void {
  const { source, end, head } = call;
  let opening: Opening | undefined;
  const isEnough = (bytes: Buffer): boolean => {
    const message = messageHead(bytes);
    if (message === undefined) return false;
    try {
      const named = headModel(place, message, head.encoding);
      if (named === "cut") return false;
      opening = { named };
    } catch (thrown) {
      opening = { broken: thrown };
    }
    // Nothing but its end follows the one message of a call that is no stream: both go on together.
    return head.shape.isStream === true || !message.isWhole;
  };
  source.beginning(isEnough, end, () => read(opening ?? unnamed));
}

const unnamed: Opening = { named: { name: "" } };

function stickyWish({ list }: CallHead, { route: { sticky } }: LiveRoute): Wish {
  return sticky === undefined ? anyRevision : { stickyValue: stickyValue(sticky, headerRecord(list)) };
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
