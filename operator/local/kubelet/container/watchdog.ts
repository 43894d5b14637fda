import { spawn } from "node:child_process";

/**
 * Kills registered process groups when this process exits, even after SIGKILL or a crash, whatever the groups run. A
 * shell in its own session reads the groups from a pipe and acts when the pipe closes.
 */
export interface Watchdog {
  add(group: number): void;
  remove(group: number): void;
  /** Stops the shell and kills the groups that are still registered. */
  close(): Promise<void>;
}

const script = `
trap '' INT TERM HUP
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
for group in $groups; do kill -9 "-$group" 2>/dev/null; done
exit 0
`;

/** Starts the watchdog's shell. */
export function startWatchdog(): Watchdog {
  const shell = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"], env: {} });
  const ended = new Promise<void>((resolve) => {
    shell.once("exit", () => resolve());
    shell.once("error", () => resolve());
  });
  shell.stdin.on("error", () => {}); // the shell was killed; close() then returns at once
  shell.unref();
  return {
    add: (group) => shell.stdin.write(`+ ${group}\n`),
    remove: (group) => shell.stdin.write(`- ${group}\n`),
    close: async () => {
      shell.ref();
      shell.stdin.end();
      await ended;
    },
  };
}
