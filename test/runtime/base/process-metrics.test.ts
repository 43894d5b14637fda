import { expect, test } from "vitest";
import { metricSet } from "../../../runtime/base/metrics.ts";

test("CPU, memory, descriptors and event loop have the names that dashboards expect", async () => {
  const { text } = await metricSet({ processMetrics: true }).exposition();
  const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  const { user, system } = process.cpuUsage();
  expect(value("process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(value("process_cpu_seconds_total")).toBeLessThanOrEqual((user + system) / 1e6);
  expect(value("process_resident_memory_bytes")).toBeGreaterThan(20e6);
  for (const name of ["process_start_time_seconds", "nodejs_heap_size_used_bytes", "nodejs_eventloop_lag_seconds"])
    expect(value(name)).toBeGreaterThanOrEqual(0);
});

test("a second scrape does not count CPU time twice", async () => {
  const metrics = metricSet({ processMetrics: true });
  await metrics.exposition();
  const { text } = await metrics.exposition();
  const { user, system } = process.cpuUsage();
  expect(Number(/^process_cpu_seconds_total (\S+)$/m.exec(text)?.[1])).toBeLessThanOrEqual((user + system) / 1e6);
});
