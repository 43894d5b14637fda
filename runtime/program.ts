import { setFlagsFromString } from "node:v8";
import { systemClock } from "./base/clock.ts";
import { Fault } from "./base/fault.ts";
import { faults } from "./base/faults.ts";
import { type Log, type LogLevel, jsonLog } from "./base/log.ts";
import type { Environment } from "./base/parsed-options.ts";
import { environment } from "./contract/environment.ts";
import { exitCodes } from "./contract/exit-codes.ts";
import { exitCodeOf, writeTerminationMessage } from "./termination-message.ts";
import { onnxRuntimeEnvironment } from "./engines/onnxruntime/environment.ts";
import { tensorFlowEnvironment } from "./engines/tensorflow/environment.ts";
import { prepareParser } from "./model/formats/parser-thread.ts";
import { fetchOptions, serveOptions } from "./options.ts";

const usage = "main.ts serve|fetch|gateway …";

/** What a program needs from its process, beside arguments and environment. */
export interface ProgramHost {
  /** Aborts to shut the program down gracefully. */
  readonly stop: AbortSignal;
  /** Rejects with an uncaught exception. */
  readonly crash: Promise<never>;
  /** Prints a line for the user. */
  readonly print: (line: string) => void;
  /** Prints why the program fails, at a terminal; absent when errors go to the log instead. */
  readonly printError?: ((text: string) => void) | undefined;
}

/** Runs `serve`, `fetch` or `gateway` and returns the contract's exit code. Writes the termination message when it fails. */
export async function runProgram(argv: readonly string[], env: Environment, host: ProgramHost): Promise<number> {
  const [command = "", ...args] = argv;
  const logAt = (level: LogLevel): Log => programLog(command, level, env);
  try {
    // In a pod the log suffices: no user reads the console.
    const print = env[environment.podName] === undefined ? host.print : () => {};
    await Promise.race([run(command, args, { env, stop: host.stop, logAt, print }), host.crash]);
    return exitCodes.ok;
  } catch (thrown) {
    const fault = Fault.from(thrown);
    const { cause } = fault;
    const stack = fault.code === "Unexpected" && cause instanceof Error ? cause.stack : undefined;
    if (host.printError === undefined || env[environment.podName] !== undefined) {
      logAt("error").error(fault.sentence, { code: fault.code, ...(stack === undefined ? {} : { stack }) });
    } else {
      host.printError(stack ?? fault.sentence);
    }
    writeTerminationMessage(env[environment.terminationLog], fault);
    return exitCodeOf(fault);
  }
}

interface Parts {
  readonly env: Environment;
  readonly stop: AbortSignal;
  readonly logAt: (level: LogLevel) => Log;
  readonly print: (line: string) => void;
}

/** Runs a command. Each command's code is imported only when it runs. */
async function run(command: string, args: readonly string[], { env, stop, logAt, print }: Parts): Promise<void> {
  switch (command) {
    case "serve": {
      disableParallelScavenge();
      const options = serveOptions(args, env);
      Object.assign(env, {
        ...onnxRuntimeEnvironment(options.models.kind !== "path"),
        ...tensorFlowEnvironment(options.threads),
        ...env,
      });
      // The parser thread starts while the rest of the program loads.
      if (options.models.kind === "path") prepareParser(options.models.path);
      const { serve } = await import("./serve.ts");
      return await serve(options, { clock: systemClock, env, stop, log: logAt(options.logLevel), print });
    }
    case "fetch": {
      const options = fetchOptions(args, env);
      const { fetchModel } = await import("./fetch.ts");
      return await fetchModel(options, { clock: systemClock, stop, log: logAt(options.logLevel) });
    }
    case "gateway": {
      disableParallelScavenge();
      const { keepHeapSmall } = await import("./gateway/small-heap.ts");
      keepHeapSmall(); // before loading the rest makes it large
      const { gatewayOptions } = await import("./gateway/options.ts");
      const { runGateway } = await import("./gateway/main.ts");
      return await runGateway(gatewayOptions(args, env), stop);
    }
    default: {
      const given = command === "" ? "missing" : command;
      throw faults.UsageWrong({ reason: `the command is ${given}; must be serve, fetch or gateway`, usage });
    }
  }
}

/**
 * Makes V8 collect young objects on the main thread only. Its helper threads would have to be woken and waited for, and where they
 * share a core with a computing engine or other programs, these run on for a time slice first: in a gateway (load 28) one collection
 * in ten took 2.6 to 3.8 ms instead of 0.4. Old objects stay with V8's threads: otherwise the memory of unused buffers is freed
 * later (20 MB more under load of a model).
 */
function disableParallelScavenge(): void {
  setFlagsFromString("--no-parallel-scavenge");
}

function programLog(program: string, level: LogLevel, env: Environment): Log {
  const pod = env[environment.podName];
  return jsonLog(level, { program, ...(pod === undefined ? {} : { pod }) });
}
