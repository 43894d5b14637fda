import type { ServiceError } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { modelRegistry } from "../../../runtime/model/registry.ts";
import { openInference } from "../../../runtime/protocols/open-inference/open-inference.ts";
import type { Models, Protocol } from "../../../runtime/protocols/protocol.ts";
import { predictRequest } from "../../../runtime/protocols/tensorflow-serving/rpc/api-messages.ts";
import { predictionService } from "../../../runtime/protocols/tensorflow-serving/rpc/prediction-service.ts";
import { tensorflowServing } from "../../../runtime/protocols/tensorflow-serving/tensorflow-serving.ts";
import { openCaller, pathOf } from "./rpc/rpc-client.ts";

/** `slow` is loading, `broken` has failed, both as version 7; nothing is ready. */
function registry(): Models {
  const registry = modelRegistry();
  registry.add("slow", 7, ["live"]).advance("fetched");
  registry.add("broken", 7).fail({ code: "LayerUnsupported", message: "layer Lambda is not supported" });
  return registry;
}

async function exchange(protocol: Protocol, line: string): Promise<string> {
  const [method = "", target = ""] = line.split(" ");
  const body = Buffer.from('{"instances":[1]}');
  const request = { method, target, headers: {}, body, signal: { aborted: false }, deadline: Infinity };
  const { status, headers, body: answer } = await protocol.answer(request);
  return `${status} ${headers["modelwright-not-ready"] ?? "-"} ${Buffer.from(answer).toString()}`;
}

const tensorflow: Readonly<Record<string, string>> = {
  "POST /v1/models/slow:predict": '404 loading { "error": "Servable not found for request: Latest(slow)" }',
  "POST /v1/models/slow/versions/7:predict":
    '404 loading { "error": "Servable not found for request: Specific(slow, 7)" }',
  "POST /v1/models/slow/versions/8:predict": '404 - { "error": "Servable not found for request: Specific(slow, 8)" }',
  "POST /v1/models/slow/labels/live:predict": '400 loading { "error": "Unrecognized servable version label: live" }',
  "POST /v1/models/broken:predict": '404 - { "error": "Servable not found for request: Latest(broken)" }',
  "POST /v1/models/nobody:predict": '404 - { "error": "Servable not found for request: Latest(nobody)" }',
};

const inference: Readonly<Record<string, string>> = {
  "POST /v2/models/slow/infer": `503 loading {"error":"model 'slow' is Verifying; it answers once it is Ready"}`,
  "GET /v2/models/slow/ready": '503 loading {"name":"slow","ready":false}',
  "POST /v2/models/broken/infer": `503 - {"error":"model 'broken' is Failed: layer Lambda is not supported; it answers once it is Ready"}`,
  "GET /v2/models/broken/ready": '503 - {"name":"broken","ready":false}',
  "POST /v2/models/nobody/infer": `404 - {"error":"Request for unknown model: 'nobody' is not found"}`,
};

describe("a response about a loading model says so in a header", () => {
  test.each(Object.entries(tensorflow))("TensorFlow Serving: %s", async (line, want) => {
    expect(await exchange(tensorflowServing(registry()), line)).toBe(want);
  });

  test.each(Object.entries(inference))("Open Inference: %s", async (line, want) => {
    expect(await exchange(openInference(registry(), { name: "modelwright", version: "1.2.3" }), line)).toBe(want);
  });

  test("any model counts as loading while the set of models is unknown", async () => {
    const models: Models = { ...registry(), isStarting: () => true };
    const v2 = openInference(models, { name: "modelwright", version: "1.2.3" });
    expect(await exchange(tensorflowServing(models), "POST /v1/models/nobody:predict")).toBe(
      '404 loading { "error": "Servable not found for request: Latest(nobody)" }',
    );
    expect(await exchange(v2, "POST /v2/models/nobody/infer")).toBe(
      `503 loading {"error":"model 'nobody' is Fetching; it answers once it is Ready"}`,
    );
  });

  test("gRPC says so in trailing metadata", async () => {
    const service = predictionService(registry());
    const caller = await openCaller([service]);
    const refused = (name: string): Promise<unknown> =>
      new Promise((resolve) => {
        const asIs = (bytes: Buffer): Buffer => bytes;
        const request = Buffer.from(predictRequest.encode({ modelSpec: { name } }));
        const path = pathOf(service, "Predict");
        caller.client.makeUnaryRequest(path, asIs, asIs, request, (error: ServiceError | null) => {
          resolve([error?.code, error?.metadata.get("modelwright-not-ready")]);
        });
      });
    expect(await refused("slow")).toEqual([5, ["loading"]]);
    expect(await refused("broken")).toEqual([5, []]);
    await caller.close();
  });
});
