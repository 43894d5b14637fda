import { durationMs } from "../../../crds/schema/grammar/duration.ts";
import { spelledQuantity } from "../../../crds/schema/grammar/quantity.ts";
import type { ModelDeploymentSpec } from "../../../crds/v1alpha1/model-deployment.ts";

/** How a member may be written otherwise and mean the same. */
interface Form {
  /** What its absence means, as crds/v1alpha1 promises. */
  readonly assumed?: string | number;
  /** One spelling for all that mean the same. */
  readonly spelled?: (value: string | number) => string | number;
  /** Says no more than its absence. */
  readonly isIdle?: (value: object) => boolean;
  readonly members?: Readonly<Record<string, Form>>;
  readonly entries?: Form;
}

/** The parts of a spec that pods are made of, written as briefly as possible: what two specs have in common has one text. */
export interface CanonicalSpec {
  readonly model: ModelDeploymentSpec["model"];
  readonly resources: ModelDeploymentSpec["resources"] | undefined;
  readonly scheduling: ModelDeploymentSpec["scheduling"] | undefined;
  readonly serving: ModelDeploymentSpec["serving"] | undefined;
  readonly podOverlay: ModelDeploymentSpec["podOverlay"] | undefined;
}

/**
 * A spec without what it only repeats: defaults that are written out and empty sections go, and quantities are spelled as
 * the API server would. Of a spec that repeats nothing every part is the same object.
 *
 * @param name of the ModelDeployment, which `spec.model.name` may repeat
 */
export function canonicalSpec(spec: ModelDeploymentSpec, name?: string): CanonicalSpec {
  const { model, resources, scheduling, serving, podOverlay } = spec;
  return {
    model: unnamed(brief(model, forms.model), name),
    resources: part(resources, forms.resources),
    scheduling: part(scheduling, forms.scheduling),
    serving: part(serving, forms.serving),
    podOverlay: part(podOverlay, forms.podOverlay),
  };
}

/** A spec with these parts in place of its own: pods of one revision are the same, in whatever words it was asked for first. */
export function inBrief(spec: ModelDeploymentSpec, name: string): ModelDeploymentSpec {
  const { model, resources = {}, scheduling = {}, serving = {}, podOverlay = {} } = canonicalSpec(spec, name);
  return { ...spec, model, resources, scheduling, serving, podOverlay };
}

function unnamed(model: ModelDeploymentSpec["model"], name: string | undefined): ModelDeploymentSpec["model"] {
  if (model.name === undefined || model.name !== name) return model;
  const { name: _name, ...rest } = model;
  return rest;
}

function isEmpty(value: object): boolean {
  for (const _ in value) return false;
  return true;
}

function assumed(value: string | number): Form {
  return { assumed: value };
}

function assumedDuration(value: string): Form {
  const ms = durationMs(value);
  return { assumed: value, spelled: (written) => (durationMs(String(written)) === ms ? value : written) };
}

function section(members: NonNullable<Form["members"]>): Form {
  return { isIdle: isEmpty, members };
}

const quantity: Form = { spelled: spelledQuantity };
const optional: Form = { isIdle: isEmpty };

/**
 * What has a default of its own. Not here: `logging.level` (the installation's), `s3.region` and `image.pullPolicy` (what it
 * is absent depends on the bucket and the tag). Members of unions are never dropped: that they are there is what they say.
 * Who adds one has to keep the names that revisions have by the others: operator/decisions/0026.
 */
const forms = {
  model: {
    members: {
      format: assumed("Auto"),
      source: { members: { huggingFace: { members: { revision: assumed("main") } } } },
      versions: { members: { latest: { members: { count: assumed(1) } } } },
    },
  },
  resources: section({
    cpu: quantity,
    memory: quantity,
    gpu: {
      isIdle: (gpu) => "count" in gpu && gpu.count === 0,
      members: { resource: assumed("nvidia.com/gpu"), memory: quantity },
    },
  }),
  scheduling: section({
    nodeSelector: optional,
    affinity: optional,
    schedulerName: assumed("default-scheduler"),
    tolerations: { ...optional, entries: { members: { operator: assumed("Equal") } } },
    topologySpread: {
      ...optional,
      entries: { members: { maxSkew: assumed(1), whenUnsatisfiable: assumed("ScheduleAnyway") } },
    },
  }),
  serving: section({
    engine: assumed("Auto"),
    batching: section({ maxSize: assumed(32), maxDelay: assumedDuration("0s") }),
    limits: section({ bodyBytes: assumed(67_108_864), queue: assumed(1024), timeout: assumedDuration("60s") }),
    warmup: section({ mode: assumed("Generated"), requests: optional }),
    logging: section({ requests: assumed("Failed") }),
  }),
  podOverlay: section({
    labels: optional,
    annotations: optional,
    imagePullSecrets: optional,
    env: optional,
    volumes: optional,
    volumeMounts: optional,
    securityContext: section({ supplementalGroups: optional }),
  }),
} as const satisfies Record<keyof CanonicalSpec, Form>;

function part<T extends object>(value: T | undefined, form: Form): T | undefined {
  if (value === undefined) return undefined;
  const written = brief(value, form);
  return form.isIdle?.(written) === true ? undefined : written;
}

/** The value without what it only repeats; the same object where that is nothing. */
function brief<T extends object>(value: T, form: Form): T {
  if (Array.isArray(value)) {
    const { entries } = form;
    if (entries === undefined) return value;
    const written = value.map((entry) => member(entry, entries));
    return written.every((entry, index) => entry === value[index]) ? value : (written as object as T); // as many entries of the same kind
  }
  const { members = {} } = form;
  let result: T | undefined;
  for (const name in members) {
    const [before, memberForm] = [value[name as keyof T], members[name]]; // absent members read as undefined
    if (before === undefined || memberForm === undefined) continue;
    const after = member(before, memberForm);
    if (after === before) continue;
    result ??= { ...value };
    if (after === undefined) Reflect.deleteProperty(result, name);
    else Reflect.set(result, name, after);
  }
  return result ?? value;
}

function member(value: unknown, form: Form): unknown {
  if (typeof value === "object" && value !== null) return part(value, form);
  if (typeof value !== "string" && typeof value !== "number") return value;
  const written = form.spelled?.(value) ?? value;
  return written === form.assumed ? undefined : written;
}
