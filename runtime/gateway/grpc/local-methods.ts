import { Buffer } from "node:buffer";
import type { Clock } from "../../base/clock.ts";
import { WireReader, wireTypes } from "../../base/protobuf/wire-reader.ts";
import { WireWriter } from "../../base/protobuf/wire-writer.ts";
import { release } from "../../contract/release.ts";
import { anyRevision, isServable } from "../routing/choice.ts";
import { routeByModel } from "../routing/locate.ts";
import type { RouteTable } from "../routing/table.ts";
import type { ClientCall } from "./call.ts";
import { messageHead, prefixBytes } from "./messages/message-frames.ts";
import { tagOf } from "./messages/named-model.ts";

/** What a gateway answers of itself from. */
export interface OwnParts {
  readonly table: () => RouteTable;
  readonly isReady: () => boolean;
  readonly clock: Clock;
}

type OwnMethod = (call: ClientCall, parts: OwnParts) => Promise<void>;

/** Methods that mean the whole server, where nothing else names a model: those that REST asks by `/v2…` as well, and health. */
export const ownMethods: ReadonlyMap<string, OwnMethod> = new Map<string, OwnMethod>([
  ["/inference.GRPCInferenceService/ServerLive", (call) => answered(call, flag(true))],
  ["/inference.GRPCInferenceService/ServerReady", (call, { isReady }) => answered(call, flag(isReady()))],
  ["/inference.GRPCInferenceService/ServerMetadata", (call) => answered(call, serverMetadata())],
  ["/grpc.health.v1.Health/Check", check],
  ["/grpc.health.v1.Health/Watch", watch],
]);

/** grpc.health.v1.HealthCheckResponse.ServingStatus. */
const servingStatus = { serving: 1, notServing: 2, serviceUnknown: 3 } as const;
/** How often a watched status is looked at. */
const watchMs = 250;
const headers = [":status", "200", "content-type", "application/grpc"];
const good = ["grpc-status", "0"];

async function answered({ answer }: ClientCall, message: Uint8Array): Promise<void> {
  answer.begin(headers);
  answer.write(framed(message));
  answer.end(good);
}

async function check(call: ClientCall, parts: OwnParts): Promise<void> {
  const status = statusOf(await askedService(call), parts);
  if (status !== undefined) await answered(call, statusMessage(status));
}

/** Tells the status at once and at each change, until the client leaves or the gateway drains. */
async function watch(call: ClientCall, parts: OwnParts): Promise<void> {
  const { answer, end } = call;
  const service = await askedService(call);
  const left = new AbortController();
  end.onEnd(() => left.abort());
  let told: number | undefined;
  answer.begin(headers);
  while (!end.isOver) {
    const status = statusOrUnknown(service, parts);
    if (status !== told) answer.write(framed(statusMessage(status)));
    told = status;
    const isDraining = !parts.isReady() && parts.table().version > 0;
    if (isDraining) break;
    await parts.clock.sleep(watchMs, left.signal);
  }
  answer.end(good);
}

/** The status of the gateway, or of a model. Throws `RouteNotFound` or `RouteAmbiguous`. */
function statusOf(service: string, { table, isReady }: OwnParts): number {
  const isServing = isReady() && (service === "" || isServable(routeByModel(table(), service), anyRevision));
  return isServing ? servingStatus.serving : servingStatus.notServing;
}

/** As the protocol has it for watching: what is unknown may come. */
function statusOrUnknown(service: string, parts: OwnParts): number {
  const isKnown = service === "" || (parts.table().byModel.get(service)?.length ?? 0) === 1;
  return isKnown ? statusOf(service, parts) : servingStatus.serviceUnknown;
}

/** Field 1 of the request; empty: the server. */
async function askedService({ source, end }: ClientCall): Promise<string> {
  let message = Buffer.alloc(0);
  const isEnough = (bytes: Buffer): boolean => {
    const head = messageHead(bytes);
    message = Buffer.from(head?.payload ?? []);
    return head?.isWhole === true;
  };
  await new Promise<void>((resolve) => source.beginning(isEnough, end, resolve));
  const reader = new WireReader(message);
  let service = "";
  while (!reader.isAtEnd) {
    const { field, wireType } = tagOf(reader);
    if (field === 1 && wireType === wireTypes.bytes) service = reader.string();
    else reader.skip(wireType);
  }
  return service;
}

function flag(value: boolean): Uint8Array {
  return value ? statusMessage(1) : Buffer.alloc(0);
}

/** A message with a number in field 1. */
function statusMessage(value: number): Uint8Array {
  return Buffer.from([1 * 8 + wireTypes.varint, value]);
}

function serverMetadata(): Uint8Array {
  const writer = new WireWriter();
  for (const [i, text] of [release.name, release.version, "binary_tensor_data"].entries()) {
    writer.tag(i + 1, wireTypes.bytes);
    writer.string(text);
  }
  return writer.written;
}

/** A message with its prefix. */
function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(prefixBytes + message.length);
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, prefixBytes);
  return bytes;
}
