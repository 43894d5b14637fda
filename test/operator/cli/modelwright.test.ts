import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const command = fileURLToPath(import.meta.resolve("../../../operator/cli/modelwright.ts"));

test("a reader that closes the pipe early ends the command without an error", async () => {
  const child = spawn(process.execPath, [command, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  const [code] = await once(child, "close");
  expect({ code, complaints }).toEqual({ code: 0, complaints: "" });
});
