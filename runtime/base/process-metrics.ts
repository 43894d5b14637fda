import type { Registry } from "prom-client";
import CounterMetric from "prom-client/lib/counter.js";
import eventLoopLag from "prom-client/lib/metrics/eventLoopLag.js";
import heapSizeAndUsed from "prom-client/lib/metrics/heapSizeAndUsed.js";
import osMemoryHeap from "prom-client/lib/metrics/osMemoryHeap.js";
import processMaxFileDescriptors from "prom-client/lib/metrics/processMaxFileDescriptors.js";
import processOpenFileDescriptors from "prom-client/lib/metrics/processOpenFileDescriptors.js";
import processStartTime from "prom-client/lib/metrics/processStartTime.js";
import version from "prom-client/lib/metrics/version.js";

/** Ten samples per second: an idle program should not wake a hundred times per second for its own statistics. */
const eventLoopMonitoringPrecision = 100;

/**
 * Registers memory, CPU, descriptor and event loop metrics of this process under prom-client's names. Its CPU metric is
 * replaced because it loads OpenTelemetry (7 MB) for exemplars, which are not used. Its garbage collection metric is
 * omitted: observing each collection takes 3 % of a busy gateway's processor time and counts coinciding ones once.
 */
export function collectProcessMetrics(registry: Registry): void {
  const parts = [
    processStartTime,
    osMemoryHeap,
    processOpenFileDescriptors,
    processMaxFileDescriptors,
    eventLoopLag,
    heapSizeAndUsed,
    version,
  ];
  for (const part of parts) part(registry, { eventLoopMonitoringPrecision });
  const cpu = new CounterMetric({
    name: "process_cpu_seconds_total",
    help: "Total user and system CPU time spent in seconds.",
    registers: [],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  registry.registerMetric(cpu);
}
