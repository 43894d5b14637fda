import { Fault } from "../base/fault.ts";
import type { Protocol, ProtocolResponse, ProtocolRequest } from "../protocols/protocol.ts";
import { type HttpServer, type HttpServerOptions, defaultConnectionLimits, openHttpServer } from "./http-server.ts";
import type { PlainAnswerer, PlainRequest } from "./plain-http/plain-connection.ts";
import { plainLane } from "./plain-http/plain-lane.ts";
import type { RequestHead } from "./plain-http/request-head.ts";
import { type ListenerParts, answeredRequest, notFound, ownerOf, protocolListener } from "./protocol-listener.ts";

/**
 * Opens a port that protocols answer: plain requests on a lane of their own, which costs half of what Node's HTTP server does, all
 * others through that. Throws `PortTaken` or `AddressUnavailable`.
 */
export function openProtocolServer(options: HttpServerOptions, parts: ListenerParts): Promise<HttpServer> {
  const limits = options.limits ?? defaultConnectionLimits;
  const lane = plainLane({ answerer: plainAnswerer(parts), limits, body: parts.body, clock: parts.clock });
  return openHttpServer({ ...options, limits, lane }, protocolListener(parts));
}

function plainAnswerer(parts: ListenerParts): PlainAnswerer {
  const { clock, isDraining } = parts;
  const owner = (head: RequestHead): Protocol | undefined => ownerOf(parts.protocols, head.target);
  return {
    isDraining,
    beforehand: (head) => owner(head)?.overload?.(head),
    refusal: (head, fault) => owner(head)?.refusal(fault) ?? notFound(head.method, head.target),
    answered: (head, answer) => {
      parts.onStart();
      parts.onAnswer(
        answeredRequest(answer, { protocol: owner(head)?.name ?? "", headers: head.headers, durationMs: 0 }),
      );
    },
    answer: (request, reply) => {
      const { head } = request;
      const protocol = owner(head);
      if (protocol === undefined) {
        reply(notFound(head.method, head.target));
        return;
      }
      const start = clock.monotonic();
      parts.onStart();
      const told = (answer: ProtocolResponse): void => {
        const durationMs = clock.monotonic() - start;
        parts.onAnswer(answeredRequest(answer, { protocol: protocol.name, headers: head.headers, durationMs }));
        reply(answer);
      };
      protocol
        .answer(asked(request, start + parts.timeoutMs))
        .then(told, (thrown: unknown) => told(protocol.refusal(Fault.from(thrown))));
    },
  };
}

function asked({ head, body, client }: PlainRequest, deadline: number): ProtocolRequest {
  const { method, target, headers } = head;
  return { method, target, headers, body, signal: client, deadline };
}
