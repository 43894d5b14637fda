import { join } from "node:path";

import { type GoModule, builtPrograms, whyNotBuilt } from "../../cluster/launch/go-module.ts";

const h2spec: GoModule = {
  name: "h2spec",
  title: "h2spec",
  sources: join(import.meta.dirname, "h2spec"),
  builds: [{ packages: ["github.com/summerwind/h2spec/cmd/h2spec"], flags: ["-ldflags=-s -w"] }],
};

/** Why h2spec is not available here; undefined where it is. */
export function whyNoH2spec(): string | undefined {
  return whyNotBuilt(h2spec);
}

/** Path of the program, which is built if necessary. */
export async function h2specProgram(): Promise<string> {
  return join(await builtPrograms(h2spec), "h2spec");
}
