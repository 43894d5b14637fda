import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import { nodePath } from "../../../charts/images/node-files.ts";
import { type Program, programs } from "../../../charts/images/program-image.ts";

const text = readFileSync(join(import.meta.dirname, "../../../charts/images/Dockerfile"), "utf8");

/** The arguments of an instruction such as `ENV` in a stage of the Dockerfile. */
function saidOf(stage: string, word: string): string {
  const body = new RegExp(`^FROM \\S+ AS ${stage}\\n([^]*?)(?=^FROM |(?![^]))`, "m").exec(text)?.[1] ?? "";
  return new RegExp(`^${word} (.*)$`, "m").exec(body)?.[1] ?? "";
}

test.each(["operator", "runtime"] satisfies Program[])(
  "Docker's image of the %s starts as `npm run image`'s does",
  (program) => {
    const { flags, main, memory } = programs[program];
    expect(JSON.parse(saidOf(program, "ENTRYPOINT"))).toEqual([nodePath, ...flags, `/app/${main}`]);
    expect(saidOf(program, "ENV").split(" ")).toEqual(["NODE_ENV=production", ...memory]);
  },
);

test("the GPU images of the runtime start in the same way", () => {
  expect(saidOf("runtime-gpu", "ENTRYPOINT")).toBe(saidOf("runtime", "ENTRYPOINT"));
  expect(saidOf("runtime-gpu", "ENV").split(" ")).toEqual(expect.arrayContaining(saidOf("runtime", "ENV").split(" ")));
});
