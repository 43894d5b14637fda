// The parts of prom-client that we use. Its index loads OpenTelemetry and a push gateway as well: 14 MB, 30 ms.

declare module "prom-client/lib/counter.js" {
  import { Counter } from "prom-client";
  export default Counter;
}

declare module "prom-client/lib/gauge.js" {
  import { Gauge } from "prom-client";
  export default Gauge;
}

declare module "prom-client/lib/registry.js" {
  import { Registry } from "prom-client";
  export default Registry;
}

declare module "prom-client/lib/metrics/*" {
  import { Registry } from "prom-client";
  const register: (registry: Registry, options?: { eventLoopMonitoringPrecision?: number }) => void;
  export default register;
}
