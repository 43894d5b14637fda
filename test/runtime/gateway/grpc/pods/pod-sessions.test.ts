import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../../../../runtime/base/clock.ts";
import { PodSessions } from "../../../../../runtime/gateway/grpc/pods/pod-sessions.ts";
import type { LivePod } from "../../../../../runtime/gateway/routing/live.ts";
import { createManualClock } from "../../../../builders/manual-clock.ts";
import { grpcPod } from "../../../../integration/gateway/grpc-parts.ts";
import { idlePods } from "../../builders/live-routes.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function livePod(): Promise<LivePod> {
  const pod = await grpcPod("p0");
  closing.push(pod.close);
  const [live] = idlePods(1);
  if (live === undefined) throw new Error("no pod");
  return { ...live, endpoint: pod.endpoint };
}

function opened(clock = systemClock): PodSessions {
  const sessions = new PodSessions(clock);
  closing.push(() => sessions.close());
  return sessions;
}

describe("connections to a pod", () => {
  test("are one, as long as it takes more streams, and one more when it does not", async () => {
    const sessions = opened();
    const pod = await livePod();
    const first = sessions.session(pod);
    expect(sessions.session(pod)).toBe(first);
    first.streams = first.maxStreams;
    const second = sessions.session(pod);
    expect(second).not.toBe(first);
    first.streams = 0;
    expect(sessions.session(pod)).toBe(first);
  });

  test("are left when the pod asks for it", async () => {
    const sessions = opened();
    const pod = await livePod();
    const first = sessions.session(pod);
    await expect.poll(() => first.isConnected).toBe(true);
    first.isLeaving = true;
    expect(sessions.session(pod)).not.toBe(first);
  });

  test("end when the pod leaves the table", async () => {
    const sessions = opened();
    const pod = await livePod();
    const { session } = sessions.session(pod);
    sessions.retain();
    expect(session.closed).toBe(false);
    pod.isLeaving = true;
    sessions.retain();
    expect(session.closed).toBe(true);
  });

  test("end when nobody has used them for a while", async () => {
    const clock = createManualClock();
    const sessions = opened(clock);
    const pod = await livePod();
    const busy = sessions.session(pod);
    await expect.poll(() => busy.isConnected).toBe(true);
    // Pings are answered in between.
    const minute = async (): Promise<void> => {
      for (let i = 0; i < 6; i += 1) {
        await clock.advance(10_000);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await minute();
    busy.streams = 1;
    await minute();
    expect([busy.session.closed, busy.session.destroyed]).toEqual([false, false]);
    busy.streams = 0;
    await minute();
    expect(busy.session.closed).toBe(true);
  });

  test("end when the pod gives no sign of life", async () => {
    const clock = createManualClock();
    const sessions = opened(clock);
    const silent = createServer();
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    closing.push(() => silent.close());
    const { port } = silent.address() as AddressInfo; // a TCP server's address is never a string
    const pod = { ...(await livePod()), endpoint: { pod: "p", address: "127.0.0.1", port, grpcPort: port } };
    const { session } = sessions.session(pod);
    await once(session, "connect");
    await clock.advance(50_000);
    expect(session.destroyed).toBe(true);
  });

  test("that are ending already do not hold up the end of all", async () => {
    const sessions = opened();
    const pod = await livePod();
    const { session } = sessions.session(pod);
    session.close();
    await sessions.close();
    expect(session.destroyed).toBe(true);
  });
});
