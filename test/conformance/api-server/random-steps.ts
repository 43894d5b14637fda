import { mulberry32 } from "../../../operator/autoscale/simulator/random.ts";
import { type Kind, kinds, type Pick } from "./random-objects.ts";
import { applyPatch, jsonPatch, mergePatch, strategicPatch, type Step } from "./trace.ts";

const metadataChange = (pick: Pick) =>
  pick([
    {},
    { labels: { color: pick(["red", "blue"]) } },
    { labels: { color: "red", size: pick(["1", "2"]) } },
    { annotations: { note: pick(["a", "b"]) } },
    { labels: null },
    { finalizers: pick([[], ["example.test/hold"], ["example.test/hold", "example.test/more"]]) },
  ]);

/** A random trace over few objects, so that its requests interact. */
export function randomSteps(seed: number, count: number): readonly Step[] {
  const random = mulberry32(seed);
  const pick: Pick = (items) => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  };
  return Array.from({ length: count }, () => randomStep(pick));
}

// The real server creates a Service through its status, without an address: a fault that the model doesn't share.
const statusOf = ({ type }: Kind): string => (type.kind === "Service" ? "" : "/status");

function randomStep(pick: Pick): Step {
  const kind = pick(kinds);
  const name = pick(["a", "b"]);
  const path = `${kind.path}/${name}`;
  const metadata = {
    name,
    ...pick([{}, {}, { labels: { color: pick(["red", "blue"]) } }, { annotations: { note: pick(["a", "b"]) } }]),
  };
  const query = pick(["", "", "", "?dryRun=All", "?fieldManager=writer"]);
  const version = query === "?dryRun=All" ? {} : pick([{}, { resourceVersion: "RV" }]);
  return pick<() => Step>([
    () => ({ method: "POST", path: `${kind.path}${query}`, body: { ...kind.type, metadata, ...kind.content(pick) } }),
    () => ({
      method: "PUT",
      path: `${path}${query}`,
      body: {
        ...kind.type,
        metadata: { ...metadata, ...version },
        ...kind.content(pick),
      },
    }),
    () => randomApply(pick, kind, { path, name }),
    () => randomApply(pick, kind, { path, name }),
    () => randomApply(pick, kind, { path, name }),
    () => ({
      method: "PATCH",
      path: `${path}${query}`,
      body: { metadata: metadataChange(pick), ...kind.change(pick) },
      type: pick([mergePatch, mergePatch, strategicPatch]),
    }),
    () => ({ method: "PATCH", path: `${path}${statusOf(kind)}`, body: kind.change(pick), type: mergePatch }),
    () => ({
      method: "PATCH",
      path,
      body: [
        {
          op: pick(["add", "replace", "test", "remove"]),
          path: "/metadata/labels/color",
          value: pick(["red", "green"]),
        },
      ],
      type: jsonPatch,
    }),
    () => ({ method: "PATCH", path: `${path}/scale`, body: { spec: { replicas: pick([1, 2, 4]) } }, type: mergePatch }),
    () => ({ method: "GET", path: pick([path, `${path}/scale`]) }),
    () => ({
      method: "GET",
      path: `${kind.path}?${pick(["limit=1", "labelSelector=color%3Dred", "labelSelector=color", "fieldSelector=metadata.name%3Da", ""])}`,
    }),
    () => ({
      method: "DELETE",
      path,
      ...pick<object>([
        {},
        {},
        { body: { propagationPolicy: pick(["Background", "Foreground", "Orphan"]) } },
        { body: { preconditions: { resourceVersion: "RV" } } },
        { body: { preconditions: { uid: "UID" } } },
      ]),
    }),
    () => randomRead(pick, kind, path),
    () => ({ method: "DELETE", path: `${kind.path}?labelSelector=color%3D${pick(["red", "blue"])}` }),
    () => ({
      ...pick(
        ["Strict", "Warn", "Ignore"].flatMap((how) => [
          { method: "POST" as const, path: `${kind.path}?fieldValidation=${how}` },
          { method: "PUT" as const, path: `${path}?fieldValidation=${how}` },
        ]),
      ),
      body: { ...kind.type, metadata: { name, nonsense: 1 }, ...kind.content(pick), absurd: { a: [1] } },
    }),
  ])();
}

const as = (form: string): string => `application/json;as=${form};v=v1;g=meta.k8s.io`;

function randomRead(pick: Pick, { path: collection }: Kind, path: string): Step {
  // Without `Exact` any later state is correct.
  const exactly = `resourceVersionMatch=Exact&resourceVersion=${pick(["RV", "OLDRV"])}`;
  return pick<() => Step>([
    () => ({ method: "GET", path: `${collection}?limit=1&continue=CONTINUE` }),
    () => ({ method: "GET", path: `${collection}?${exactly}` }),
    () => ({ method: "GET", path: collection, accept: as(pick(["Table", "PartialObjectMetadataList"])) }),
    () => ({ method: "GET", path, accept: as(pick(["Table", "PartialObjectMetadata"])) }),
    () => ({ method: "GET", path: `${collection}?labelSelector=${pick(["color+in+(red)", "color!%3Dred", "!size"])}` }),
  ])();
}

function randomApply(pick: Pick, kind: Kind, { path, name }: { readonly path: string; readonly name: string }): Step {
  const metadata = {
    name,
    ...pick([{}, {}, { labels: { color: pick(["red", "blue"]) } }, { annotations: { note: pick(["a", "b"]) } }]),
  };
  const isStatus = pick([false, false, false, true]);
  const content = isStatus ? kind.change(pick) : pick([kind.content(pick), kind.content(pick), kind.change(pick)]);
  const query = `fieldManager=${pick(["one", "two", "kubectl"])}&force=${pick(["true", "false"])}`;
  return {
    method: "PATCH",
    path: `${path}${isStatus ? statusOf(kind) : ""}?${query}`,
    body: { ...kind.type, metadata, ...content },
    type: applyPatch,
  };
}
