import { Fault } from "../base/fault.ts";
import type { Protocol, ProtocolResponse, ProtocolRequest } from "../protocols/protocol.ts";
import { type HttpServer, type HttpServerOptions, defaultConnectionLimits, openHttpServer } from "./http-server.ts";
import type { FastPathAnswerer, FastPathRequest } from "./http1-fast-path/fast-path-connection.ts";
import { serverFastPath } from "./http1-fast-path/server-fast-path.ts";
import type { RequestHead } from "./http1-fast-path/request-head.ts";
import { type ListenerParts, answeredRequest, notFound, ownerOf, protocolListener } from "./protocol-listener.ts";

/**
 * Opens a port that protocols answer: simple requests on the fast path, at half the cost of Node's HTTP server, all others by that
 * server. Throws `PortTaken` or `AddressUnavailable`.
 */
export function openProtocolServer(options: HttpServerOptions, parts: ListenerParts): Promise<HttpServer> {
  const limits = options.limits ?? defaultConnectionLimits;
  const filter = serverFastPath({ answerer: fastPathAnswerer(parts), limits, body: parts.body, clock: parts.clock });
  return openHttpServer({ ...options, limits, filter }, protocolListener(parts));
}

function fastPathAnswerer(parts: ListenerParts): FastPathAnswerer {
  const { clock, isDraining } = parts;
  const owner = (head: RequestHead): Protocol | undefined => ownerOf(parts.protocols, head.target);
  return {
    isDraining,
    earlyAnswer: (head) => owner(head)?.overload?.(head),
    refusal: (head, fault) => owner(head)?.refusal(fault) ?? notFound(head.method, head.target),
    onAnswered: (head, answer) => {
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
      const finish = (answer: ProtocolResponse): void => {
        const durationMs = clock.monotonic() - start;
        parts.onAnswer(answeredRequest(answer, { protocol: protocol.name, headers: head.headers, durationMs }));
        reply(answer);
      };
      protocol
        .answer(protocolRequest(request, start + parts.timeoutMs))
        .then(finish, (thrown: unknown) => finish(protocol.refusal(Fault.from(thrown))));
    },
  };
}

function protocolRequest({ head, body, client }: FastPathRequest, deadline: number): ProtocolRequest {
  const { method, target, headers } = head;
  return { method, target, headers, body, signal: client, deadline };
}
