import { join } from "node:path";

import { type GoModule, builtPrograms, whyNotBuilt } from "../../cluster/launch/go-module.ts";

const grpcurl: GoModule = {
  name: "grpcurl",
  title: "grpcurl",
  sources: join(import.meta.dirname, "grpcurl"),
  builds: [{ packages: ["github.com/fullstorydev/grpcurl/cmd/grpcurl"], flags: ["-ldflags=-s -w"] }],
};

/** Why grpcurl is unavailable here; undefined when it is available. */
export function whyNoGrpcurl(): string | undefined {
  return whyNotBuilt(grpcurl);
}

/** Path of the program, built if necessary. */
export async function grpcurlProgram(): Promise<string> {
  return join(await builtPrograms(grpcurl), "grpcurl");
}
