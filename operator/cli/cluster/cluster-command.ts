import type { ClusterCommand } from "./options.ts";

/** The terminal of a command. */
export interface Terminal {
  readonly print: (line: string) => void;
  /** Clears the screen for the next state of a watched object. */
  readonly clear: () => void;
  /** Aborts on Ctrl-C, which then no longer ends the process: only for commands that run until then. */
  readonly stop: () => AbortSignal;
}

/** Runs a command that needs an API server. Each is imported on demand. */
export async function runClusterCommand(command: ClusterCommand, terminal: Terminal): Promise<void> {
  switch (command.command) {
    case "status": {
      const { showStatus } = await import("./status.ts");
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
      const { runRolloutCommand } = await import("./rollout.ts");
      await runRolloutCommand(command, terminal.print);
    }
  }
}
