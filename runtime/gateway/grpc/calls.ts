import type { Clock } from "../../base/clock.ts";
import type { Fault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import { headerRecord } from "../http2/header-record.ts";
import type { TakenStream } from "../http2/http2-lane.ts";
import type { LiveRoute } from "../routing/live.ts";
import type { RouteTable } from "../routing/table.ts";
import { CallEnd } from "./call-end.ts";
import { type CallTime, callTime } from "./call-time.ts";
import { type ClientCall, clientLeft } from "./call.ts";
import { ClientAnswer } from "./client/client-answer.ts";
import { grpcFaults } from "./faults.ts";
import { type CallParts, forward } from "./forward.ts";
import { methodShape } from "./messages/methods.ts";
import { ownMethods } from "./own-methods.ts";
import { RequestSource } from "./client/request-source.ts";
import { callOpening, locatedCall, routedCall } from "./routed-call.ts";
import { callFault, statusTrailers } from "./status.ts";

interface CallsOptions extends CallParts {
  readonly table: () => RouteTable;
  /** Whether the gateway has a table and does not drain. */
  readonly isReady: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Takes a call. `fixed`: the route of the port that it came to; absent on a shared port. */
export type TakeCall = (taken: TakenStream, fixed?: LiveRoute) => void;

/** Within this a call has to say where it goes. Streams of messages may begin with a pause. */
const openingMs = 60_000;

/** Answers calls of gRPC, by pods or by the gateway itself. */
export function grpcCalls(options: CallsOptions): TakeCall {
  return (taken, fixed) => void answered(clientCall(taken), fixed, options);
}

/** The call that a stream is, from now on told of what comes on it. */
function clientCall({ stream, list }: TakenStream): ClientCall {
  const end = new CallEnd();
  const headers = headerRecord(list);
  const method = headers[":path"] ?? "";
  const source = new RequestSource(stream, (thrown) => end.end(callFault(thrown)));
  const answer = new ClientAnswer(stream);
  stream.owner = {
    headersCame: () => {},
    data: (chunk) => source.came(chunk),
    ended: () => source.ended(),
    drained: () => answer.drained(),
    closed: () => {
      if (!answer.hasEnded) end.end(clientLeft);
    },
  };
  return { headers, list, method, shape: methodShape(method), source, answer, end };
}

async function answered(call: ClientCall, fixed: LiveRoute | undefined, options: CallsOptions): Promise<void> {
  const time = callTime(call, options.clock);
  const cancel = limitOpening(call, time, options.clock);
  try {
    await opened(call, fixed, time, options);
  } catch (thrown) {
    if (thrown === clientLeft) return;
    const fault = callFault(thrown);
    options.log.debug("call refused", { code: fault.code, message: fault.message });
    call.answer.end(statusTrailers(fault));
  } finally {
    cancel();
  }
}

/** Finds out where a call goes, and sends it there. */
async function opened(
  call: ClientCall,
  fixed: LiveRoute | undefined,
  time: CallTime,
  options: CallsOptions,
): Promise<void> {
  const { model } = call.shape;
  const opening = model === undefined ? undefined : await callOpening(call, model);
  if (call.end.isOver) throw call.end.reason;
  const located = fixed ?? locatedCall(call, opening, options.table());
  if (located === "gateway") {
    await ownMethods.get(call.method)?.(call, options);
    return;
  }
  forward(routedCall(call, opening, located, time), options);
}

function limitOpening({ shape, end }: ClientCall, time: CallTime, clock: Clock): () => void {
  const allowedMs = time.leftMs();
  const isStream = shape.isStream === true;
  if (isStream && allowedMs === undefined) return () => {};
  const isClients = allowedMs !== undefined && (isStream || allowedMs < openingMs);
  const fault = (): Fault =>
    isClients
      ? grpcFaults.DeadlinePassed({ timeoutMs: Math.round(allowedMs) })
      : grpcFaults.MessageLate({ timeoutMs: openingMs });
  return clock.after(isClients ? allowedMs : openingMs, () => end.end(fault()));
}
