import type { RequestListener, ServerResponse } from "node:http";
import { Fault } from "../base/fault.ts";
import type { Exposition } from "../base/metrics.ts";
import type { ModelFacts, ModelState } from "../contract/model-facts.ts";
import { adminPaths, tensorflowMetricsPath } from "../contract/paths.ts";

/** What the admin port tells. */
export interface AdminFacts {
  /** `Ready` answers `/readyz` with 200, every other state with 503. */
  readonly state: () => ModelState;
  /** Models with a call that nothing can end, each as `NAME version NUMBER`: while there are any `/healthz` is 503, so that the process is replaced. */
  readonly stuck?: () => readonly string[];
  /** Every version of every model; absent in programs that hold none: `/model` and `/models` are 404 then. */
  readonly models?: () => readonly ModelFacts[];
  readonly metrics: () => Promise<Exposition>;
}

interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** Probes, metrics and facts for kubelet, operator and Prometheus. Never exposed by a Service. */
export function adminListener(facts: AdminFacts): RequestListener {
  return (request, response) => {
    request.resume();
    void adminAnswer(request.url ?? "", facts)
      .catch((thrown: unknown) => plain(500, Fault.from(thrown).message))
      .then((answer) => send(response, answer));
  };
}

async function adminAnswer(path: string, facts: AdminFacts): Promise<AdminAnswer> {
  switch (path) {
    case adminPaths.healthz:
      return health(facts.stuck?.() ?? []);
    case adminPaths.readyz:
      return readiness(facts.state());
    case adminPaths.metrics:
    case tensorflowMetricsPath: {
      const { contentType, text } = await facts.metrics();
      return { status: 200, contentType, text };
    }
    case adminPaths.model:
      return found(path, mainModel(facts.models?.() ?? []));
    case adminPaths.models:
      return found(path, facts.models?.());
    default:
      return notHere(path);
  }
}

function health(stuck: readonly string[]): AdminAnswer {
  if (stuck.length === 0) return plain(200, "ok");
  return plain(503, `a call does not end and cannot be ended: ${stuck.join(", ")}`);
}

function readiness(state: ModelState): AdminAnswer {
  return plain(state === "Ready" ? 200 : 503, state);
}

function found(path: string, value: unknown): AdminAnswer {
  return value === undefined ? notHere(path) : json(value);
}

/** Of the first model the largest version that answers, or the largest there is. */
function mainModel(all: readonly ModelFacts[]): ModelFacts | undefined {
  const versions = all.filter(({ name }) => name === all[0]?.name);
  return versions.findLast(({ state }) => state === "Ready") ?? versions.at(-1);
}

function json(value: unknown): AdminAnswer {
  return { status: 200, contentType: "application/json", text: JSON.stringify(value) };
}

function notHere(path: string): AdminAnswer {
  return plain(404, `${path} is not here; try ${Object.values(adminPaths).join(", ")}`);
}

function plain(status: number, text: string): AdminAnswer {
  return { status, contentType: "text/plain; charset=utf-8", text: `${text}\n` };
}

function send(response: ServerResponse, { status, contentType, text }: AdminAnswer): void {
  response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(text) });
  response.end(text);
}
