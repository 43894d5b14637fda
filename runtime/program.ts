import { setFlagsFromString } from "node:v8";
import { systemClock } from "./base/clock.ts";
import { Fault } from "./base/fault.ts";
import { faults } from "./base/faults.ts";
import { type Log, type LogLevel, jsonLog } from "./base/log.ts";
import type { Environment } from "./base/parsed-options.ts";
import { environment } from "./contract/environment.ts";
import { exitCodes } from "./contract/exit-codes.ts";
import { exitCodeOf, leaveLastWords } from "./last-words.ts";
import { onnxRuntimeEnvironment } from "./engines/onnxruntime/environment.ts";
import { tensorFlowEnvironment } from "./engines/tensorflow/environment.ts";
import { prepareParser } from "./model/formats/parser-thread.ts";
import { fetchOptions, serveOptions } from "./options.ts";

const usage = "main.ts serve|fetch|gateway …";

/** What a program has beside its arguments: what may end it before it is done, and somebody who reads. */
export interface ProgramEnds {
  /** Aborts when it shall stop in order. */
  readonly stop: AbortSignal;
  /** Rejects with what nobody caught. */
  readonly crash: Promise<never>;
  /** Shows a line to whoever started the program. */
  readonly print: (line: string) => void;
  /** Tells why it ends to somebody at a terminal; absent where a log is read instead. */
  readonly complain?: ((text: string) => void) | undefined;
}

/** Runs `serve`, `fetch` or `gateway` to its end; the contract's exit code. The last words are left where they shall be. */
export async function runProgram(argv: readonly string[], env: Environment, ends: ProgramEnds): Promise<number> {
  const [command = "", ...args] = argv;
  const logAt = (level: LogLevel): Log => programLog(command, level, env);
  try {
    // In a pod the log says it all, and nobody reads along.
    const print = env[environment.podName] === undefined ? ends.print : () => {};
    await Promise.race([run(command, args, { env, stop: ends.stop, logAt, print }), ends.crash]);
    return exitCodes.ok;
  } catch (thrown) {
    const fault = Fault.from(thrown);
    const { cause } = fault;
    const stack = fault.code === "Unexpected" && cause instanceof Error ? cause.stack : undefined;
    if (ends.complain === undefined || env[environment.podName] !== undefined) {
      logAt("error").error(fault.sentence, { code: fault.code, ...(stack === undefined ? {} : { stack }) });
    } else {
      ends.complain(stack ?? fault.sentence);
    }
    leaveLastWords(env[environment.terminationLog], fault);
    return exitCodeOf(fault);
  }
}

interface Parts {
  readonly env: Environment;
  readonly stop: AbortSignal;
  readonly logAt: (level: LogLevel) => Log;
  readonly print: (line: string) => void;
}

/** Each program is loaded only when it is the one. */
async function run(command: string, args: readonly string[], { env, stop, logAt, print }: Parts): Promise<void> {
  switch (command) {
    case "serve": {
      collectAlone();
      const options = serveOptions(args, env);
      Object.assign(env, {
        ...onnxRuntimeEnvironment(options.models.kind !== "path"),
        ...tensorFlowEnvironment(options.threads),
        ...env,
      });
      // Model files are read in another thread, which starts while the rest of the program is loaded.
      if (options.models.kind === "path") prepareParser(options.models.path);
      const { serve } = await import("./serve.ts");
      return await serve(options, { clock: systemClock, stop, log: logAt(options.logLevel), print });
    }
    case "fetch": {
      const options = fetchOptions(args, env);
      const { fetchModel } = await import("./fetch.ts");
      return await fetchModel(options, { clock: systemClock, stop, log: logAt(options.logLevel) });
    }
    case "gateway": {
      collectAlone();
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
 * So few young objects are looked through by the thread that made them. Others would have to be woken up and waited for, and where
 * they share a core with an engine that computes, or with other programs, these go on for a slice before they run: in a gateway
 * (load 28) one time in ten took 2.6 to 3.8 ms in place of 0.4. The old ones stay with V8's threads: the memory of buffers that
 * nobody needs is found later otherwise (20 MB more under load of a model).
 */
function collectAlone(): void {
  setFlagsFromString("--no-parallel-scavenge");
}

function programLog(program: string, level: LogLevel, env: Environment): Log {
  const pod = env[environment.podName];
  return jsonLog(level, { program, ...(pod === undefined ? {} : { pod }) });
}
