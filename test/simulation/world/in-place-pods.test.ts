import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { annotations, labels } from "../../../operator/model-deployment/resources/labels.ts";
import { environment } from "../../../runtime/contract/environment.ts";
import { containerPaths } from "../../../runtime/contract/paths.ts";
import { createRandom } from "../schedule/random.ts";
import { type InPlacePods, startInPlacePods } from "./in-place-pods.ts";
import { createSharedServer, type SharedServer } from "./shared-server.ts";
import { createWorldClock, type WorldClock } from "./world-clock.ts";

const uid = "uid-pod";
/** Longer than a model takes to be loaded and then to be served. */
const settledMs = 6_000;
let shared: SharedServer;
let clock: WorldClock;
let draws: number;
let runtimes: InPlacePods;

beforeAll(async () => {
  shared = await createSharedServer();
});

beforeEach(() => {
  clock = createWorldClock();
  draws = 0;
  shared.reset(clock, createRandom(7).fraction);
});

afterEach(() => runtimes.stop());

function start(): void {
  const random = createRandom(7);
  const integer = (least: number, most: number): number => {
    draws += 1;
    return random.integer(least, most);
  };
  runtimes = startInPlacePods({ server: shared.server, clock, random: { ...random, integer } });
}

/** The pod of revision a with this label and list of revisions; file names of models begin with the revision's name. */
function put(label: string, listed: readonly string[] | undefined, mayBeUpdated = true): void {
  const { store } = shared.server;
  const model = (revision: string) => ({ revision, version: "1", path: `${revision}.keras`, format: "Auto" });
  const env = [{ name: environment.modelPath, value: `${containerPaths.models}/a.keras` }];
  store.put(store.collection("pods."), {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "shop-a-x1y2z",
      namespace: "default",
      uid,
      labels: { [labels.revision]: label },
      annotations: {
        ...(mayBeUpdated ? { [annotations.inPlaceKey]: "key" } : {}),
        ...(listed === undefined ? {} : { [annotations.inPlaceModels]: JSON.stringify(listed.map(model)) }),
      },
    },
    spec: { containers: [{ name: "runtime", image: "runtime", env }] },
  });
}

function served(): string | undefined {
  const pod = shared.server.store.collection("pods.").record("default", "shop-a-x1y2z")?.object;
  return pod && runtimes.served(pod);
}

const bad = { revision: "bad-b", reason: "DigestMismatch", message: "it is another file" };
const ofA = { serving: "a", loaded: ["a"] };
const ofBoth = { serving: "a", loaded: ["a", "b"] };
const ofB = { serving: "b", loaded: ["b", "a"] };

describe("the simulated runtime of a pod that may be updated in place", () => {
  test("draws no random number before the first update, so that other schedules stay as they are", async () => {
    start();
    put("a", undefined);
    put("a", []);
    put("a", ["a"]);
    put("another", undefined);
    await clock.advance(settledMs);
    expect([runtimes.facts(uid)?.serving, draws]).toEqual(["a", 0]);
  });

  test("of a pod without the annotation of such pods says nothing", async () => {
    start();
    put("a", ["a", "b"], false);
    await clock.advance(settledMs);
    expect([runtimes.facts(uid), served(), draws]).toEqual([undefined, "a.keras", 0]);
  });

  test("loads a listed model some time after it was listed, serves it after the label has changed, then lets the other go", async () => {
    start();
    put("a", undefined);
    put("a", ["a", "b"]);
    await clock.advance(299);
    expect(runtimes.facts(uid)).toEqual({ serving: "a", loaded: ["a"] });
    await clock.advance(3_701);
    expect([runtimes.facts(uid), served()]).toEqual([{ serving: "a", loaded: ["a", "b"] }, "a.keras"]);
    put("b", ["a", "b"]);
    await clock.advance(49);
    expect(runtimes.facts(uid)?.serving).toBe("a");
    await clock.advance(1_451);
    expect([runtimes.facts(uid), served()]).toEqual([{ serving: "b", loaded: ["a", "b"] }, "b.keras"]);
    put("b", ["b"]);
    expect(runtimes.facts(uid)).toEqual({ serving: "b", loaded: ["b"] });
  });

  test("goes on serving while the label names a model that is not loaded yet", async () => {
    start();
    put("a", undefined);
    put("b", ["a", "b"]);
    await clock.advance(299);
    expect(runtimes.facts(uid)).toEqual({ serving: "a", loaded: ["a"] });
    await clock.advance(settledMs);
    expect(runtimes.facts(uid)?.serving).toBe("b");
  });

  test("never serves the other model when the label returns before it has taken over", async () => {
    start();
    put("a", undefined);
    put("a", ["a", "b"]);
    await clock.advance(4_000);
    put("b", ["a", "b"]);
    put("a", ["a", "b"]);
    const seen = new Set<string | undefined>();
    for (let elapsedMs = 0; elapsedMs < settledMs; elapsedMs += 10) {
      await clock.advance(10);
      seen.add(served());
    }
    expect([runtimes.facts(uid), [...seen], draws]).toEqual([ofBoth, ["a.keras"], 2]);
  });

  test("reports a bad model once, until it is no longer listed", async () => {
    start();
    put("a", undefined);
    put("a", ["a", "bad-b"]);
    await clock.advance(settledMs);
    expect([runtimes.facts(uid), draws]).toEqual([{ serving: "a", loaded: ["a"], failed: bad }, 1]);
    put("bad-b", ["a", "bad-b"]);
    await clock.advance(settledMs);
    expect([runtimes.facts(uid)?.serving, draws]).toEqual(["a", 1]);
    put("a", ["a"]);
    expect(runtimes.facts(uid)).toEqual({ serving: "a", loaded: ["a"] });
  });

  test("does not keep a model that is no longer listed when it is loaded", async () => {
    start();
    put("a", undefined);
    put("a", ["a", "b"]);
    put("a", ["a"]);
    await clock.advance(settledMs);
    expect([runtimes.facts(uid), draws]).toEqual([{ serving: "a", loaded: ["a"] }, 1]);
  });

  const restored: Readonly<Record<string, [label: string, listed: readonly string[], atOnce: object, later: object]>> =
    {
      "that is prepared": ["a", ["a", "b"], ofBoth, ofBoth],
      "that was handed over": ["b", ["a", "b"], { ...ofB, serving: "a" }, ofB],
      "that serves the other revision": ["b", ["b", "a"], ofB, ofB],
      "with a bad model": ["a", ["a", "bad-b"], ofA, { ...ofA, failed: bad }],
    };
  test.each(Object.entries(restored))("restores a pod %s", async (_sentence, [label, listed, atOnce, later]) => {
    put(label, listed);
    start();
    expect(runtimes.facts(uid)).toEqual(atOnce);
    await clock.advance(settledMs);
    expect(runtimes.facts(uid)).toEqual(later);
  });

  test("is gone with its pod, also when a model was being loaded", async () => {
    start();
    put("a", undefined);
    put("a", ["a", "b"]);
    const { store } = shared.server;
    const pod = store.collection("pods.").record("default", "shop-a-x1y2z")?.object;
    if (pod !== undefined) store.remove(store.collection("pods."), pod);
    await clock.advance(settledMs);
    expect([runtimes.facts(uid), draws]).toEqual([undefined, 1]);
  });
});
