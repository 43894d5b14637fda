import { parseArgs } from "node:util";
import { environment } from "../contract/environment.ts";
import { ports } from "../contract/ports.ts";

/** Everything a gateway is told when it starts. */
export interface GatewayOptions {
  readonly host: string;
  readonly restPort: number;
  readonly adminPort: number;
  /** Name of this gateway among its like: its pod's. */
  readonly gateway: string;
  readonly operatorUrls: readonly string[];
  /** Milliseconds that it keeps taking requests after SIGTERM, until nobody sends any more. */
  readonly drainDelayMs: number;
  readonly logLevel: string;
}

const defaultDrainDelayMs = "5000";

/** Options from the arguments after `gateway` and the environment. Throws an Error that names the wrong one. */
export function gatewayOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): GatewayOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      "rest-port": { type: "string", default: String(ports.rest) },
      "admin-port": { type: "string", default: String(ports.admin) },
    },
  });
  return {
    host: env[environment.bindAddress] ?? "0.0.0.0",
    restPort: wholeNumber("--rest-port", values["rest-port"]),
    adminPort: wholeNumber("--admin-port", values["admin-port"]),
    gateway: env[environment.podName] ?? "gateway",
    operatorUrls: (env[environment.operatorUrls] ?? "").split(",").filter((url) => url !== ""),
    drainDelayMs: wholeNumber(environment.drainDelayMs, env[environment.drainDelayMs] ?? defaultDrainDelayMs),
    logLevel: env[environment.logLevel] ?? "info",
  };
}

function wholeNumber(name: string, value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value)) throw new Error(`${name} is ${value}; must be a whole number`);
  return number;
}
