import { describe, expect, test } from "vitest";
import { victimOfFile } from "../scene.ts";
import { frameCases } from "./frame-cases.ts";
import { messageCases } from "./message-cases.ts";
import { ended, rpcConnection } from "./rpc-connection.ts";

/** Executed predictions: two cases whose missing or surplus values TensorFlow fills in or drops, and two valid requests. */
const harmless = 2 + 2;

const victim = victimOfFile({ harmless, maxMemoryMb: 500 });

describe("hostile calls over gRPC", () => {
  test.each(Object.entries({ ...frameCases, ...messageCases }))("%s", async (_name, { path, headers, sends, want }) => {
    const { open, close } = rpcConnection(victim().grpcPort);
    const call = open(path, headers);
    const outcome = ended(call);
    for (const bytes of sends) call.write(bytes);
    call.end();
    if (typeof want === "string") expect(await outcome).toBe(want);
    else expect(await outcome).toMatch(want);
    close();
  });

  test("two thousand calls that are reset at once", async () => {
    const { session, open, close } = rpcConnection(victim().grpcPort);
    for (let i = 0; i < 2000 && !session.destroyed; i++) open("/tensorflow.serving.PredictionService/Predict").close(8);
    await new Promise((resolve) => setTimeout(resolve, 500));
    close();
    expect(await victim().predict()).toBe(200);
  });

  test("a thousand calls that are never completed do not block others", async () => {
    const { open, close } = rpcConnection(victim().grpcPort);
    for (let i = 0; i < 1000; i++)
      open("/inference.GRPCInferenceService/ModelInfer").write(Buffer.from([0, 0, 0, 1, 0]));
    const other = rpcConnection(victim().grpcPort);
    const live = other.open("/inference.GRPCInferenceService/ServerLive");
    const outcome = ended(live);
    live.end(Buffer.alloc(5));
    expect(await outcome).toBe("0: OK");
    expect(await victim().predict()).toBe(200);
    close();
    other.close();
  });
});
