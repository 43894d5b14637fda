import express, { type Express } from "express";
import { Fault } from "../../runtime/base/fault.ts";
import type { ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";
import { listPage, messagePage, modelPage } from "./html.ts";

/** Where the pages get their facts: from caches, never from the API server. */
export interface PageSources {
  readonly modelDeployments: () => readonly ModelDeployment[];
  /** Base URL of the gateway that answers a trial prediction; absent: the form is not shown. */
  readonly gatewayUrl: string | undefined;
}

/** A trial prediction larger than this belongs to a client, not to a form. */
const trialBytes = 1024 * 1024;
const trialTimeoutMs = 30_000;

/**
 * The operator's pages: a list of ModelDeployments, and one page each with its conditions, revisions and a form that sends a
 * prediction through the gateway. Works without scripts in the browser.
 */
export function pages(sources: PageSources): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use((_request, response, next) => {
    response.set("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'");
    response.set("x-content-type-options", "nosniff");
    next();
  });
  app.get("/", (_request, response) => {
    response.send(listPage(sources.modelDeployments()));
  });
  app.get("/models/:namespace/:name", (request, response) => {
    const found = named(sources, request.params);
    if (found === undefined) response.status(404).send(messagePage("No such ModelDeployment", request.path));
    else response.send(modelPage(found, { tryable: sources.gatewayUrl !== undefined }));
  });
  app.post(
    "/models/:namespace/:name",
    express.urlencoded({ extended: false, limit: trialBytes }),
    async (request, response) => {
      const found = named(sources, request.params);
      const { gatewayUrl } = sources;
      if (found === undefined || gatewayUrl === undefined) {
        response.status(404).send(messagePage("No such ModelDeployment", request.path));
        return;
      }
      const asked = formText(request.body);
      const trial = { asked, answer: await trialAnswer(gatewayUrl, found, asked) };
      response.send(modelPage(found, { tryable: true, trial }));
    },
  );
  return app;
}

function named(sources: PageSources, { namespace, name }: { namespace: string; name: string }) {
  return sources
    .modelDeployments()
    .find(({ metadata }) => metadata.name === name && (metadata.namespace ?? "default") === namespace);
}

function formText(form: unknown): string {
  if (typeof form !== "object" || form === null || !("body" in form)) return "";
  return typeof form.body === "string" ? form.body : "";
}

async function trialAnswer(gatewayUrl: string, { metadata, spec }: ModelDeployment, body: string): Promise<string> {
  const model = spec.model.name ?? metadata.name;
  try {
    const response = await fetch(`${gatewayUrl}/v1/models/${encodeURIComponent(model)}:predict`, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        "modelwright-model": `${metadata.namespace ?? "default"}/${metadata.name}`,
      },
      signal: AbortSignal.timeout(trialTimeoutMs),
    });
    return `${response.status} ${response.statusText}\n${await response.text()}`;
  } catch (thrown) {
    return `no answer from the gateway: ${Fault.from(thrown).message}`;
  }
}
