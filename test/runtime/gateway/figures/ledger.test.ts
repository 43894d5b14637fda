import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countCompletion, type Completion } from "../../../../runtime/gateway/figures/counts.ts";
import { createLedger, forgetRevisions } from "../../../../runtime/gateway/figures/ledger.ts";

const nobody = () => ({ queued: 0, oldestWaitMs: 0 });
const answered: Completion = { ending: "answered", status: 200, serviceMs: 10, isFirst: false };

function scene() {
  const clock = { nowMs: 100 };
  const ledger = createLedger({ gateway: "g0", run: "r1", monotonic: () => clock.nowMs });
  return { clock, ledger };
}

describe("the figures of a gateway", () => {
  test("return everything at first, then what changed since the cursor", () => {
    const { clock, ledger } = scene();
    const one = ledger.opened("default/one", nobody);
    ledger.opened("default/two", nobody);
    const first = ledger.figures(0);
    expect([first.gateway, first.run, first.elapsedMs, Object.keys(first.models).toSorted()]).toEqual([
      "g0",
      "r1",
      0,
      ["default/one", "default/two"],
    ]);
    clock.nowMs = 1100;
    one.arrivals += 1;
    ledger.changed(one);
    const second = ledger.figures(first.cursor);
    expect(second).toEqual({
      gateway: "g0",
      run: "r1",
      cursor: first.cursor + 1,
      elapsedMs: 1000,
      models: {
        "default/one": { arrivals: 1, refused: 0, abandoned: 0, queued: 0, oldestWaitMs: 0, revisions: {} },
      },
    });
    expect(ledger.figures(second.cursor).models).toEqual({});
  });

  test("return everything for a cursor of another run", () => {
    const { ledger } = scene();
    ledger.opened("default/one", nobody);
    expect(Object.keys(ledger.figures(4711).models)).toEqual(["default/one"]);
  });

  test("include models with held requests in every pull, since waits grow", () => {
    const { ledger } = scene();
    let oldestWaitMs = 5;
    ledger.opened("default/one", () => ({ queued: oldestWaitMs > 0 ? 1 : 0, oldestWaitMs }));
    const first = ledger.figures(0);
    oldestWaitMs = 1005;
    const second = ledger.figures(first.cursor);
    expect(second.models["default/one"]?.oldestWaitMs).toBe(1005);
    oldestWaitMs = 0;
    const third = ledger.figures(second.cursor);
    expect(third.models["default/one"]?.queued).toBe(0);
    expect(ledger.figures(third.cursor).models).toEqual({});
  });

  test("of a removed route are not returned any more", () => {
    const { ledger } = scene();
    const one = ledger.opened("default/one", nobody);
    ledger.opened("default/two", nobody);
    ledger.dropped(one);
    one.arrivals += 1;
    ledger.changed(one);
    expect(Object.keys(ledger.figures(0).models)).toEqual(["default/two"]);
  });

  test("with any number of pullers, each gets every change once", () => {
    const step = fc.record({ model: fc.nat(4), puller: fc.nat(1), isPull: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { ledger } = scene();
        const models = Array.from({ length: 5 }, (_, i) => ledger.opened(`default/m${i}`, nobody));
        const pullers = [0, 1].map(() => ({ cursor: ledger.figures(0).cursor, known: [0, 0, 0, 0, 0] }));
        const pull = (puller: (typeof pullers)[number]): void => {
          const { cursor, models } = ledger.figures(puller.cursor);
          puller.cursor = cursor;
          for (const [key, { arrivals }] of Object.entries(models)) puller.known[Number(key.at(-1))] = arrivals;
        };
        for (const { model, puller, isPull } of steps) {
          const counts = models[model];
          const who = pullers[puller];
          if (counts === undefined || who === undefined) continue;
          counts.arrivals += 1;
          ledger.changed(counts);
          if (isPull) pull(who);
        }
        for (const puller of pullers) {
          pull(puller);
          expect(puller.known).toEqual(models.map(({ arrivals }) => arrivals));
        }
      }),
    );
  });

  test("keep the counters of a revision that leaves and returns, and drop the oldest of many", () => {
    const { ledger } = scene();
    const counts = ledger.opened("default/one", nobody);
    const first = ledger.revision(counts, "r0");
    for (let i = 1; i <= 6; i += 1) ledger.revision(counts, `r${i}`);
    forgetRevisions(counts, new Set(["r6"]));
    expect(counts.revisions.map(({ hash }) => hash)).toEqual(["r2", "r3", "r4", "r5", "r6"]);
    expect(ledger.revision(counts, "r0")).not.toBe(first);
    expect(ledger.revision(counts, "r5")).toBe(counts.revisions[3]);
  });
});

describe("the figures of a revision", () => {
  const cases: Record<string, [Partial<Completion>, object]> = {
    "an answer counts with its time": [{}, { completed: 1, serviceMs: 10, latency: 1 }],
    "the first of a pod counts in no bucket": [{ isFirst: true }, { completed: 1, serviceMs: 10 }],
    "a 404 is a client error": [{ status: 404 }, { completed: 1, serviceMs: 10, rejected: 1, latency: 1 }],
    "a 500 is a failure": [{ status: 500 }, { completed: 1, serviceMs: 10, failed: { status: 1 } }],
    "so is a broken connection": [{ ending: "connection" }, { completed: 1, serviceMs: 10, failed: { connection: 1 } }],
    "and a time-out": [{ ending: "timeout" }, { completed: 1, serviceMs: 10, failed: { timeout: 1 } }],
  };
  for (const [sentence, [service, want]] of Object.entries(cases))
    test(sentence, () => {
      const { ledger } = scene();
      const model = ledger.opened("default/one", nobody);
      countCompletion(ledger.revision(model, "a1"), { ...answered, ...service });
      const { latency = [], failed, ...figures } = ledger.figures(0).models["default/one"]?.revisions["a1"] ?? {};
      const counted = Object.entries({ ...figures, latency: latency.reduce((sum, count) => sum + count, 0) });
      const failures = Object.entries(failed ?? {}).filter(([, count]) => count > 0);
      expect({
        ...Object.fromEntries(counted.filter(([, count]) => count !== 0)),
        ...(failures.length === 0 ? {} : { failed: Object.fromEntries(failures) }),
      }).toEqual(want);
    });
});
