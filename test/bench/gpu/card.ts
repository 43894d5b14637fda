import { execFileSync } from "node:child_process";

/** An NVIDIA GPU as its driver tells it. */
export interface Card {
  readonly name: string;
  readonly driver: string;
  readonly memoryMb: number;
}

/** The first GPU; or why there is none. */
export function firstCard(): Card | string {
  try {
    const [line = ""] = asked("name,driver_version,memory.total").split("\n");
    const [name = "", driver = "", memory] = line.split(", ");
    return { name, driver, memoryMb: Number(memory) };
  } catch (thrown) {
    return thrown instanceof Error ? (thrown.message.split("\n")[0] ?? "") : String(thrown);
  }
}

/** Memory of the first GPU that is taken, by whatever process. */
export function takenMb(): number {
  return Number(asked("memory.used").split("\n")[0]);
}

function asked(fields: string): string {
  const args = [`--query-gpu=${fields}`, "--format=csv,noheader,nounits"];
  return execFileSync("nvidia-smi", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}
