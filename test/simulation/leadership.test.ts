import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { resources } from "../../operator/kube/resources.ts";
import { systemNamespace } from "../../operator/model-deployment/resources/labels.ts";
import { applyChange } from "./user.ts";
import { createSharedServer, type SharedServer } from "./world/shared-server.ts";
import { createWorld, type Running, type World } from "./world/world.ts";

const leaseMs = 15_000;
const lease = { namespace: systemNamespace, name: "modelwright" };

describe("two operators and one lease", () => {
  let shared: SharedServer;
  let world: World;

  beforeAll(async () => {
    shared = await createSharedServer();
  });
  beforeEach(() => begin(1));
  afterEach(() => world.end());

  async function begin(seed: number): Promise<void> {
    world = await createWorld(shared, seed);
    world.startOperator(true);
    world.startOperator(true);
    await world.advance(5_000);
    await applyChange(world, "shop", { kind: "create", model: "good-1.h5", replicas: 2 });
    await world.advance(20_000);
  }
  async function again(seed: number): Promise<void> {
    await world.end();
    await begin(seed);
  }
  const leaders = (): readonly Running[] => world.running.filter(({ operator }) => operator?.isLeader === true);
  function leader(): Running {
    const [one] = leaders();
    if (one === undefined) throw new Error("nobody leads");
    return one;
  }
  /** Time until an operator other than `before` leads. */
  async function takeoverMs(before: string): Promise<number> {
    const startMs = world.clock.monotonic();
    const isDone = (): boolean => leaders().some(({ name }) => name !== before);
    while (!isDone() && world.clock.monotonic() - startMs < 60_000) await world.advance(20);
    return world.clock.monotonic() - startMs;
  }
  async function scaled(replicas: number): Promise<readonly string[]> {
    const from = world.ledger.writers.length;
    await applyChange(world, "shop", { kind: "replicas", replicas });
    await world.advance(12_000);
    return [...new Set(world.ledger.writers.slice(from).map(({ name }) => name))];
  }

  test("only the leader writes", async () => {
    const { name } = leader();
    expect(leaders()).toHaveLength(1);
    expect(new Set(world.ledger.writers.map((one) => one.name))).toEqual(new Set([name]));
    expect(await scaled(3)).toEqual([name]);
  });

  test("the standby takes over within a second of the lease's end when the leader is killed, with warm caches", async () => {
    const taken: number[] = [];
    for (let seed = 1; seed <= 12; seed += 1) {
      await again(seed);
      const { name, process } = leader();
      await world.advance(seed * 170);
      const standby = world.running.find((one) => one.name !== name);
      const lists = world.ledger.lists.filter((one) => one === standby?.name).length;
      world.crash(process);
      taken.push(await takeoverMs(name));
      // The restarted operator contends for the lease as well.
      expect(leaders()).toHaveLength(1);
      expect(await scaled(1)).toEqual([leader().name]);
      expect(world.ledger.lists.filter((one) => one === standby?.name)).toHaveLength(lists);
    }
    expect(Math.max(...taken)).toBeLessThanOrEqual(leaseMs + 1_000);
  });

  test("the standby takes over within 3 s when the leader shuts down gracefully", async () => {
    const taken: number[] = [];
    for (let seed = 1; seed <= 12; seed += 1) {
      await again(seed);
      const { name, operator } = leader();
      const stopped = operator?.stop();
      taken.push(await takeoverMs(name));
      await stopped;
    }
    expect(Math.max(...taken)).toBeLessThanOrEqual(3_000);
  });

  test("a leader that is paused and resumed after the take-over writes nothing", async () => {
    const { name, process } = leader();
    process.pause();
    await applyChange(world, "shop", { kind: "replicas", replicas: 3 });
    await takeoverMs(name);
    await world.advance(10_000);
    const from = world.ledger.writers.length;
    await applyChange(world, "shop", { kind: "model", model: "good-2.h5" });
    await world.advance(1_500);
    process.resume();
    await world.advance(60_000);
    const writers = world.ledger.writers.slice(from).map((one) => one.name);
    expect(writers).not.toContain(name);
    expect(world.ledger.writes.filter((write) => write.startsWith("create replicasets"))).toHaveLength(2);
    expect(leaders()).toHaveLength(1);
  });

  test("a clock that jumps by an hour changes no leader", async () => {
    const { name } = leader();
    for (const ms of [3_600_000, -7_200_000, 3_600_000]) {
      for (const { process } of world.running) process.jump(ms);
      leader().process.jump(ms);
      await world.advance(20_000);
      expect(leaders().map((one) => one.name)).toEqual([name]);
    }
  });

  test("a leader whose lease is stolen stops at its next renewal, and an operator leads again when the stolen lease expires", async () => {
    const { name } = leader();
    await world.client.mergePatch(resources.leases, lease, { spec: { holderIdentity: "thief" } });
    await world.advance(3_000);
    expect(leaders()).toEqual([]);
    // The former leader keeps running and contends for the lease.
    expect(world.running.map((one) => one.name)).toContain(name);
    expect(await scaled(3)).toEqual([]);
    await world.advance(5_000);
    expect(leaders()).toHaveLength(1);
    expect(await scaled(2)).toEqual([leader().name]);
  });
});
