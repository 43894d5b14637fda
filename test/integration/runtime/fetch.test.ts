import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exitCodes } from "../../../runtime/contract/exit-codes.ts";
import { terminationMessage } from "../../../runtime/contract/termination.ts";
import { digits, start } from "./program.ts";
import { refusing, silent } from "./unreachable.ts";

let folder: string;
let server: Server;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelwright-fetch-"));
  const model = await readFile(digits.model);
  server = createServer((request, response) => {
    if (request.url === "/digits.h5") response.end(model);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

describe("the fetch program", () => {
  test("puts the model where serve looks for it", async () => {
    const path = join(folder, "model.h5");
    const model = await readFile(digits.model);
    const { code } = await start(["fetch"], {
      MODELWRIGHT_SOURCE_URL: `${url}/digits.h5`,
      MODELWRIGHT_SOURCE_SHA256: createHash("sha256").update(model).digest("hex"),
      MODELWRIGHT_MODEL_PATH: path,
    }).ended;
    expect(code).toBe(0);
    expect(await readFile(path)).toEqual(model);
  });

  test("puts it into a folder under its own name", async () => {
    const target = join(folder, "into");
    expect((await start(["fetch", `${url}/digits.h5`, "--to", `${target}/`]).ended).code).toBe(0);
    expect(await readdir(target)).toEqual(["digits.h5"]);
  });

  test("leaves the reason, and no file, when nothing is there", async () => {
    const target = join(folder, "missing");
    const terminationLog = join(folder, "termination-log");
    const program = start(["fetch", `${url}/letters.h5`, "--to", join(target, "model.h5")], {
      MODELWRIGHT_TERMINATION_LOG: terminationLog,
    });
    expect((await program.ended).code).toBe(65);
    expect(terminationMessage(await readFile(terminationLog, "utf8"))).toEqual({
      code: "ModelNotFound",
      message: `there is no model at ${url}/letters.h5`,
      hint: "check spec.model.source: the path or URL must lead to a model file, or to a folder with one model",
    });
    expect(await readdir(target)).toEqual([]);
  });

  test.for([
    ["refuses connections", refusing, /^connect ECONNREFUSED 127\.0\.0\.1:\d+$/],
    ["answers nothing", silent, /^Connect Timeout Error \(attempted address: 127\.0\.0\.1:\d+, timeout: 5000ms\)$/],
  ] as const)("ends within ten seconds, so that status can say it, when its source %s", async ([, place, reason]) => {
    const source = await place();
    const terminationLog = join(folder, "unreachable-log");
    const startedMs = performance.now();
    const { code } = await start(["fetch", `${source.url}/digits.h5`, "--to", join(folder, "away.h5")], {
      MODELWRIGHT_TERMINATION_LOG: terminationLog,
    }).ended;
    source.close();
    expect(code).toBe(exitCodes.sourceUnavailable);
    expect(performance.now() - startedMs).toBeLessThan(9_000);
    const words = terminationMessage(await readFile(terminationLog, "utf8"));
    expect(words).toMatchObject({ code: "SourceUnavailable" });
    const [, told = ""] = /^http:\S+ could not be downloaded in \d attempts?: (.*)$/.exec(words?.message ?? "") ?? [];
    expect(told).toMatch(reason);
  });

  test("an unknown command is a usage error", async () => {
    expect((await start(["train"]).ended).code).toBe(64);
  });
});
