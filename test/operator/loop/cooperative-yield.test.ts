import { expect, test } from "vitest";

import { createController } from "../../../operator/loop/controller.ts";

test("work that never waits yields to the event loop, so that a changed key comes before the keys of a resync", async () => {
  const order: string[] = [];
  const controller = createController({
    name: "test",
    workers: 4,
    yieldToEventLoop: () => new Promise((resolve) => void setImmediate(resolve)),
    reconcile: async (key) => {
      order.push(key);
      for (const startedMs = performance.now(); performance.now() - startedMs < 0.2;);
      return {};
    },
  });
  for (let count = 0; count < 1_000; count += 1) controller.add(`resync-${count}`, "resync");
  setTimeout(() => controller.add("changed"), 10);
  controller.start();
  while (order.length < 1_001) await new Promise((resolve) => setTimeout(resolve, 5));
  await controller.stop();
  expect(order.indexOf("changed")).toBeLessThan(500);
});
