import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fault } from "../../../../../runtime/base/fault.ts";
import type { Draft, MessageType } from "../../../../../runtime/base/protobuf/message.ts";
import type { ModelRegistry } from "../../../../../runtime/model/registry.ts";
import type { ConfiguredModel, ModelControl, Models } from "../../../../../runtime/protocols/protocol.ts";
import type { RpcService } from "../../../../../runtime/protocols/rpc.ts";
import * as api from "../../../../../runtime/protocols/tensorflow-serving/rpc/api-messages.ts";
import { modelService } from "../../../../../runtime/protocols/tensorflow-serving/rpc/model-service.ts";
import { type Caller, openCaller, pathOf } from "../../rpc/rpc-client.ts";
import { vectorRegistry } from "../vector-models.ts";

type Decoded<T> = T extends MessageType<infer M> ? M : never;
type StatusDraft = Draft<Decoded<typeof api.getModelStatusRequest>>;
type ReloadDraft = Draft<Decoded<typeof api.reloadConfigRequest>>;

let registry: ModelRegistry;
let service: RpcService;
let caller: Caller;
beforeAll(async () => {
  registry = await vectorRegistry();
  const failing = registry.add("broken", 2);
  failing.advance("fetched");
  failing.fail({ code: "ModelNotFound", message: "there is no model at /models/broken" });
  service = modelService(registry);
  caller = await openCaller([service]);
});
afterAll(() => caller.close());

function status(modelSpec: StatusDraft["modelSpec"]) {
  const path = pathOf(service, "GetModelStatus");
  return caller.call(
    { path, request: api.getModelStatusRequest, response: api.getModelStatusResponse },
    modelSpec === undefined ? {} : { modelSpec },
  );
}

function reload(on: Caller, request: ReloadDraft) {
  const path = pathOf(service, "HandleReloadConfigRequest");
  return on.call({ path, request: api.reloadConfigRequest, response: api.reloadConfigResponse }, request);
}

const ok = { errorCode: 0, errorMessage: "" };

describe("GetModelStatus", () => {
  test("returns every version, newest first", async () => {
    expect(await status({ name: "half_plus_two" })).toEqual({
      modelVersionStatus: [
        { version: 124, state: 30, status: ok },
        { version: 123, state: 30, status: ok },
      ],
    });
  });

  test("says why a version failed", async () => {
    expect(await status({ name: "broken", version: { value: 2 } })).toEqual({
      modelVersionStatus: [
        { version: 2, state: 50, status: { errorCode: 5, errorMessage: "there is no model at /models/broken" } },
      ],
    });
  });

  test("refuses invalid requests as TensorFlow Serving does", async () => {
    expect([
      await status(undefined),
      await status({ name: "foo" }),
      await status({ name: "half_plus_two", version: { value: 1 } }),
    ]).toEqual([
      "INVALID_ARGUMENT: Missing ModelSpec",
      "NOT_FOUND: Could not find any versions of model foo",
      "NOT_FOUND: Could not find version 1 of model half_plus_two",
    ]);
  });
});

const config = [
  { name: "a", basePath: "/models/a" },
  { name: "b", basePath: "/models/b", modelVersionPolicy: { latest: { numVersions: 2 } } },
  { name: "c", basePath: "/models/c", modelVersionPolicy: { all: {} } },
  {
    name: "d",
    basePath: "/models/d",
    modelVersionPolicy: { specific: { versions: [3, 5] } },
    versionLabels: new Map([["canary", 5]]),
  },
];

describe("HandleReloadConfigRequest", () => {
  test("is refused without model control", async () => {
    expect([
      await reload(caller, {}),
      await reload(caller, { config: { customModelConfig: { typeUrl: "x" } } }),
      await reload(caller, { config: { modelConfigList: { config } } }),
    ]).toEqual([
      "INVALID_ARGUMENT: ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported",
      "INVALID_ARGUMENT: ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported",
      "FAILED_PRECONDITION: Cannot transition to requested config. It is only legal to transition from one ModelConfigList to another.",
    ]);
  });

  test("fails for a label of a version that is not available, as in TensorFlow Serving", async () => {
    const resolved = (): Promise<void> => Promise.resolve();
    const control: ModelControl = { load: resolved, unload: resolved, configure: resolved };
    const open = await openCaller([modelService({ ...registry, control })]);
    const labelled = (version: number): ReloadDraft => {
      const versionLabels = new Map([
        ["stable", 124],
        ["canary", version],
      ]);
      return { config: { modelConfigList: { config: [{ name: "half_plus_two", basePath: "/m", versionLabels }] } } };
    };
    const answers = [await reload(open, labelled(123)), await reload(open, labelled(125))];
    await open.close();
    expect(answers).toEqual([
      { status: ok, metric: [] },
      "FAILED_PRECONDITION: Request to assign label to version 125 of model half_plus_two, which is not currently available for inference",
    ]);
  });

  test("passes on the whole list, and says why it cannot be served", async () => {
    const configured: ConfiguredModel[][] = [];
    const failure = (code: string, message: string) => new Fault({ code, message, retry: "never", level: "error" });
    const failures = [
      failure("ModelNotFound", "there is no model at /models/a"),
      failure("ConfiguredModelMissing", 'Could not find base path "/models/a" for servable a'),
    ];
    const control: ModelControl = {
      load: () => Promise.resolve(),
      unload: () => Promise.resolve(),
      configure: (models) => {
        configured.push([...models]);
        const fault = failures[configured.length - 2];
        return fault === undefined ? Promise.resolve() : Promise.reject(fault);
      },
    };
    const versions: Models["versions"] = (name) => (name === "d" ? [{ version: 5, state: "Ready" }] : []);
    const open = await openCaller([modelService({ ...registry, versions, control })]);
    const request = { config: { modelConfigList: { config } }, metricNames: ["m"] };
    const twice = { config: { modelConfigList: { config: [...config.slice(0, 2), ...config.slice(0, 1)] } } };
    const answers = [
      await reload(open, request),
      await reload(open, request),
      await reload(open, request),
      await reload(open, twice),
    ];
    await open.close();
    expect(answers).toEqual([
      { status: ok, metric: [{ name: "m", int64ValueIncrease: 0 }] },
      "INTERNAL: there is no model at /models/a",
      'INVALID_ARGUMENT: Could not find base path "/models/a" for servable a',
      "INVALID_ARGUMENT: Illegal to list model a multiple times in config list",
    ]);
    expect(configured[0]).toEqual([
      { name: "a", basePath: "/models/a", policy: { kind: "latest", count: 1 }, labels: new Map() },
      { name: "b", basePath: "/models/b", policy: { kind: "latest", count: 2 }, labels: new Map() },
      { name: "c", basePath: "/models/c", policy: { kind: "all" }, labels: new Map() },
      {
        name: "d",
        basePath: "/models/d",
        policy: { kind: "specific", numbers: [3, 5] },
        labels: new Map([["canary", 5]]),
      },
    ]);
  });
});
