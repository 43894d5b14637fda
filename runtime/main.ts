#!/usr/bin/env node
import { systemClock } from "./base/clock.ts";
import { Fault } from "./base/fault.ts";
import { faults } from "./base/faults.ts";
import { type Log, jsonLog } from "./base/log.ts";
import { environment } from "./contract/environment.ts";
import { exitCodes } from "./contract/exit-codes.ts";
import { exitCodeOf, leaveLastWords } from "./last-words.ts";
import { fetchOptions, gatewayLogLevel, serveOptions } from "./options.ts";

const usage = "main.ts serve|fetch|gateway …";

/** Runs one of the image's programs. Each is loaded only when it is the one. */
async function run(command: string, args: readonly string[], stop: AbortSignal): Promise<void> {
  const clock = systemClock;
  switch (command) {
    case "serve": {
      const options = serveOptions(args, process.env);
      const { serve } = await import("./serve.ts");
      return await serve(options, { clock, stop, log: programLog("serve", options.logLevel) });
    }
    case "fetch": {
      const options = fetchOptions(args, process.env);
      const { fetchModel } = await import("./fetch.ts");
      return await fetchModel(options, { clock, stop, log: programLog("fetch", options.logLevel) });
    }
    case "gateway": {
      const { gatewayOptions } = await import("./gateway/options.ts");
      const { runGateway } = await import("./gateway/main.ts");
      return await runGateway(gatewayOptions(args, process.env), gatewayLogLevel(process.env), stop);
    }
    default:
      throw faults.UsageWrong({
        reason: `the command is ${command || "missing"}; must be serve, fetch or gateway`,
        usage,
      });
  }
}

function programLog(program: string, level: Parameters<typeof jsonLog>[0]): Log {
  const pod = process.env[environment.podName];
  return jsonLog(level, { program, ...(pod === undefined ? {} : { pod }) });
}

/** The first SIGTERM or SIGINT stops in order, a second one at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => (stop.signal.aborted ? process.exit(exitCodes.ok) : stop.abort(signal)));
  }
  return stop.signal;
}

const [command = "", ...args] = process.argv.slice(2);
try {
  await run(command, args, stopSignal());
  process.exit(exitCodes.ok);
} catch (thrown) {
  const fault = Fault.from(thrown);
  const cause = fault.code === "Unexpected" ? { stack: fault.cause instanceof Error ? fault.cause.stack : "" } : {};
  programLog(command, "error").error(fault.sentence, { code: fault.code, ...cause });
  leaveLastWords(process.env[environment.terminationLog], fault);
  process.exit(exitCodeOf(fault));
}
