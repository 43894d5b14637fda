import type { Transport } from "../../../operator/kube/transport.ts";
import { type Naming, normalised, type Outcome, type Step } from "./trace.ts";

interface WatchedTrace {
  readonly naming: Naming;
  /** resourceVersion from before the trace. */
  readonly since: string;
  readonly steps: readonly Step[];
}

/** Queries without a selector, and with a selector that objects begin and cease to match. */
const queries: Readonly<Record<string, (since: string) => string>> = {
  "?watch": (since) => `resourceVersion=${since}`,
  "?watch&labelSelector=color=red": (since) => `resourceVersion=${since}&labelSelector=color%3Dred`,
};
/** A query from before a kind's history, which is certain only for kinds that were installed after the server's start. */
const expired: typeof queries = { "?watch&resourceVersion=1": () => "resourceVersion=1" };

/** The watch events of a trace's kinds in order, read after the trace. */
export async function watchEvents(transport: Transport, { naming, since, steps }: WatchedTrace): Promise<Outcome[]> {
  const watches = collectionsOf(steps).flatMap((collection) =>
    Object.entries({ ...queries, ...(collection.includes("/modelwright.dev/") ? expired : {}) }).map(
      ([suffix, query]) => ({
        step: `GET ${collection}${suffix}`,
        path: `${collection.replaceAll("NS", naming.namespace)}?watch=true&allowWatchBookmarks=true&timeoutSeconds=1&${query(since)}`,
      }),
    ),
  );
  const responses = await Promise.all(
    watches.map(async ({ step, path }) => ({ step, ...(await events(transport, path)) })),
  );
  return responses.map(({ step, status, lines }) => ({
    step,
    status,
    body: lines.map((line) => normalised(line, "", naming)),
  }));
}

async function events(
  transport: Transport,
  path: string,
): Promise<{ readonly status: number; readonly lines: readonly unknown[] }> {
  const { status, chunks } = await transport.open({ method: "GET", path, headers: { accept: "application/json" } });
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  const lines = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { readonly type?: string }); // a watch's own JSON
  // A bookmark holds only its resourceVersion, which differs between servers.
  return { status, lines: lines.filter(({ type }) => type !== "BOOKMARK") };
}

/** The collections in the steps' paths, such as `/api/v1/namespaces/NS/configmaps`, in an order that does not depend on the responses. */
function collectionsOf(steps: readonly Step[]): readonly string[] {
  const found = steps.map(({ path }) => /^\/apis?\/.*?\/NS\/[a-z]+/.exec(path)?.[0]);
  return [...new Set(found.filter((collection) => collection !== undefined))].sort();
}
