import { request } from "node:http";
import type { Container, Probe } from "../../../kube/kinds/container.ts";

/** The result of one attempt, with the kubelet's message (`HTTP probe failed with statuscode: 503`). */
export type ProbeResult = { readonly passed: true } | { readonly passed: false; readonly message: string };

/** The target of a probe: the pod's address, and the container for named ports. */
export interface ProbeTarget {
  readonly address: string;
  readonly container: Container;
}

const defaultTimeoutSeconds = 1;

/** Makes one attempt of an HTTP probe. Status 200 to 399 passes, as in the kubelet; the messages are the kubelet's. */
export function attemptProbe(probe: Probe, target: ProbeTarget, signal: AbortSignal): Promise<ProbeResult> {
  const { httpGet } = probe;
  if (httpGet === undefined) return Promise.resolve({ passed: true });
  const port = portNumber(httpGet.port, target.container);
  if (port === undefined) {
    return Promise.resolve(failed(`couldn't find port: ${httpGet.port} in container ${target.container.name}`));
  }
  const url = `http://${httpGet.host ?? target.address}:${port}${httpGet.path.startsWith("/") ? "" : "/"}${httpGet.path}`;
  const timeoutMs = (probe.timeoutSeconds ?? defaultTimeoutSeconds) * 1000;
  return new Promise((resolve) => {
    const attempt = request(
      url,
      { agent: false, signal, headers: { "user-agent": "kube-probe/modelwright-local", connection: "close" } },
      (response) => {
        response.destroy();
        resolve(verdictOf(response.statusCode ?? 0));
      },
    );
    const timer = setTimeout(() => {
      resolve(failed(`Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`));
      attempt.destroy();
    }, timeoutMs);
    attempt.once("error", (error) => resolve(failed(`Get "${url}": ${connectionError(error)}`)));
    attempt.once("close", () => clearTimeout(timer));
    attempt.end();
  });
}

function verdictOf(status: number): ProbeResult {
  return status >= 200 && status < 400 ? { passed: true } : failed(`HTTP probe failed with statuscode: ${status}`);
}

function failed(message: string): ProbeResult {
  return { passed: false, message };
}

/** A connection error; a refused connection in Go's words, which users search for. */
function connectionError(error: Error): string {
  const [, target] = /^connect ECONNREFUSED (.+)$/.exec(error.message) ?? [];
  return target === undefined ? error.message : `dial tcp ${target}: connect: connection refused`;
}

function portNumber(port: number | string, container: Container): number | undefined {
  if (typeof port === "number") return port;
  return container.ports?.find(({ name }) => name === port)?.containerPort;
}
