import { expect, test } from "vitest";

import { createController } from "../../../operator/loop/controller.ts";

test("work that never waits lets the event loop turn, so that a key that changed comes before those that did not", async () => {
  const order: string[] = [];
  const controller = createController({
    name: "test",
    workers: 4,
    yieldToEventLoop: () => new Promise((resolve) => void setImmediate(resolve)),
    reconcile: async (key) => {
      order.push(key);
      for (const begunMs = performance.now(); performance.now() - begunMs < 0.2;);
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
