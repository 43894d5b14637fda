import { spawn } from "node:child_process";

/**
 * Ends process groups when this process is gone, even after SIGKILL or a crash, whatever programs they run and however
 * busy those are. One shell, in a session of its own, reads the groups from a pipe; the end of the pipe is the end of us.
 */
export interface Leash {
  add(group: number): void;
  remove(group: number): void;
  /** Ends the watching shell; groups still on the leash are killed. */
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

/** Starts the shell that ends all process groups on the leash when this process is gone. */
export function startLeash(): Leash {
  const shell = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"], env: {} });
  const ended = new Promise<void>((resolve) => {
    shell.once("exit", () => resolve());
    shell.once("error", () => resolve());
  });
  shell.stdin.on("error", () => {}); // the shell was killed: nothing is watched any more, which close() then shows
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
