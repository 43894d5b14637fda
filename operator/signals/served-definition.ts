import { missingField } from "../../crds/schema/missing-field.ts";
import structure from "../../crds/generated/model-deployment.structure.json" with { type: "json" };
import type { StructuralSchema } from "../../crds/schema/structural/structural-schema.ts";
import type { Clock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import type { Log } from "../../runtime/base/log.ts";
import { resources } from "../kube/resources.ts";
import type { Transport } from "../kube/transport.ts";

/** Compares the schema of ModelDeployments that the API server serves with the one this operator was built with. */
export interface ServedDefinition {
  /** The first field of ours that the server drops, such as `.spec.model`; undefined when there is none or it is not known. */
  readonly droppedField: string | undefined;
  /** Reads the served schema now and a few more times in the next seconds. Returns at once and never fails. */
  look(): void;
  stop(): void;
}

/** What the comparison needs. */
export interface ServedDefinitionOptions {
  readonly transport: Pick<Transport, "send">;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when `droppedField` has changed. */
  readonly onChange: () => void;
}

interface Document {
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

const { properties: { metadata: _kubernetes, ...ownFields } = {} } = structure as StructuralSchema; // printed from one, see crds/v1alpha1/documents.ts
const { group, version, kind } = resources.modelDeployments;
const path = `/openapi/v3/apis/${group}/${version}`;
const schemaName = `${group.split(".").toReversed().join(".")}.${version}.${kind}`;
/** A kube-apiserver publishes a definition up to a second or two after it has accepted it (kube-aggregator `openapiv3`). */
const againAfterMs = [500, 2_000, 6_000];

/** Knows nothing before the first look. */
export function createServedDefinition({ transport, clock, log, onChange }: ServedDefinitionOptions): ServedDefinition {
  let droppedField: string | undefined;
  let looking: Promise<void> | undefined;
  let cancels: readonly (() => void)[] = [];
  const look = async (): Promise<void> => {
    try {
      const { status, body } = await transport.send({ method: "GET", path, headers: { accept: "application/json" } });
      if (status !== 200) return;
      const found = droppedFieldIn(body);
      if (found === droppedField) return;
      droppedField = found;
      if (found !== undefined)
        log.error("the CustomResourceDefinition is older than this operator", { dropped: found });
      onChange();
    } catch (thrown) {
      log.debug("the served schema cannot be read", { cause: Fault.from(thrown).message });
    }
  };
  const start = (): void => {
    looking ??= look().finally(() => (looking = undefined));
  };
  const stop = (): void => cancels.forEach((cancel) => cancel());
  return {
    get droppedField() {
      return droppedField;
    },
    look() {
      stop();
      cancels = againAfterMs.map((ms) => clock.after(ms, start));
      start();
    },
    stop,
  };
}

/** The last document and its result: it is long, and usually unchanged. */
let last: { readonly body: string; readonly dropped: string | undefined } | undefined;

function droppedFieldIn(body: string): string | undefined {
  if (last?.body !== body) last = { body, dropped: droppedFieldOf(JSON.parse(body) as Document) }; // every API server's OpenAPI v3
  return last.dropped;
}

function droppedFieldOf({ components: { schemas = {} } = {} }: Document): string | undefined {
  const served = schemas[schemaName];
  return served === undefined ? undefined : missingField({ type: "object", properties: ownFields }, served);
}
