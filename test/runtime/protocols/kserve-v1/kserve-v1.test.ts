import { describe, expect, test } from "vitest";
import { modelRegistry } from "../../../../runtime/model/registry.ts";
import { kserveV1 } from "../../../../runtime/protocols/kserve-v1/kserve-v1.ts";
import type { Protocol } from "../../../../runtime/protocols/protocol.ts";
import { tensorflowServing } from "../../../../runtime/protocols/tensorflow-serving/tensorflow-serving.ts";
import { faults as serverFaults } from "../../../../runtime/server/faults.ts";

async function exchange(protocol: Protocol, method: string, target: string): Promise<string> {
  const { signal } = new AbortController();
  const request = { method, target, headers: {}, body: Buffer.alloc(0), signal, deadline: Infinity };
  const { status, body } = await protocol.answer(request);
  return `${status} ${Buffer.from(body).toString()}`;
}

describe("KServe's version 1", () => {
  test("owns the root and nothing else", () => {
    const targets = ["/", "/?x", "", "/v1/models/m", "//"];
    expect(targets.filter((target) => kserveV1.owns(target))).toEqual(["/", "/?x"]);
  });

  test("reports that the server is alive", async () => {
    expect(await exchange(kserveV1, "GET", "/")).toBe('200 {"status":"alive"}');
    expect(await exchange(kserveV1, "POST", "/")).toBe('405 {"error":"Method Not Allowed: POST /; must be GET"}');
    expect(kserveV1.refusal(serverFaults.EncodingUnsupported({ encoding: "br" }))).toMatchObject({ status: 415 });
  });

  test("adds its keys to TensorFlow Serving's status of a model, not of a version", async () => {
    const registry = modelRegistry();
    registry.add("m", 1).advance("fetched");
    const protocol = tensorflowServing(registry);
    const status = { error_code: "OK", error_message: "" };
    const known = { model_version_status: [{ version: "1", state: "START", status }] };
    const body = async (target: string): Promise<unknown> =>
      JSON.parse((await exchange(protocol, "GET", target)).slice("200 ".length));
    expect(await body("/v1/models/m")).toEqual({ ...known, name: "m", ready: false });
    expect(await body("/v1/models/m/versions/1")).toEqual(known);
    const ready = registry.add("m", 2);
    for (const event of ["fetched", "verified"] as const) ready.advance(event);
    ready.load({ name: "m", version: 2, signatures: new Map(), run: () => Promise.resolve([]) });
    ready.advance("warmed");
    expect(await body("/v1/models/m")).toMatchObject({ name: "m", ready: true });
  });
});
