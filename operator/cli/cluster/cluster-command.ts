import type { ClusterCommand } from "./options.ts";

/** What a command writes to and is ended by. */
export interface Terminal {
  readonly print: (line: string) => void;
  /** Makes place for the next state of something that is watched. */
  readonly clear: () => void;
  /** Takes Ctrl-C over: only what goes on until then asks for it. */
  readonly stop: () => AbortSignal;
}

/** Runs a command that speaks with an API server. Each is imported when it runs. */
export async function runClusterCommand(command: ClusterCommand, terminal: Terminal): Promise<void> {
  switch (command.command) {
    case "status": {
      const { showStatus } = await import("./shown-status.ts");
      await showStatus(command, terminal);
      return;
    }
    case "dashboard": {
      const { showDashboard } = await import("./dashboard.ts");
      await showDashboard(command, terminal);
      return;
    }
    case "history": {
      const { showHistory } = await import("./history.ts");
      await showHistory(command, terminal.print);
      return;
    }
    default: {
      const { steerRollout } = await import("./steer-rollout.ts");
      await steerRollout(command, terminal.print);
    }
  }
}
