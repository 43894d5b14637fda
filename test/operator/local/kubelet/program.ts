/**
 * The source of the program that runs as the image of these tests. First argument: `serve` answers on 127.77.x.y:8501
 * (`/ready`, `/live`, `/facts`; `/break/live` makes a path fail from then on), `fail` writes its second argument as
 * termination message and exits with its third, `write` writes a file and exits, `deaf` ignores SIGTERM.
 */
export const programSource = `
import { createServer } from "node:http";
import { readFileSync, writeFileSync, existsSync } from "node:fs";
const [verb, ...args] = process.argv.slice(2);
const { env } = process;
const verbs = {
  serve() {
    const broken = new Set();
    const startedAt = Date.now();
    const server = createServer((request, response) => {
      if (request.url.startsWith("/break")) broken.add(request.url.slice("/break".length));
      const late = request.url === "/ready" && Date.now() - startedAt < Number(env.READY_AFTER_MS ?? 0);
      response.statusCode = broken.has(request.url) || late ? 503 : 200;
      const files = Object.fromEntries(args.filter((path) => existsSync(path)).map((path) => [path.split("/").at(-1), readFileSync(path, "utf8")]));
      response.end(JSON.stringify({ pid: process.pid, env, args, files }));
    });
    server.listen(8501, env.ADDRESS, () => console.log("listening"));
    process.on("SIGTERM", () => { console.log("bye"); process.exit(0); });
  },
  fail() {
    console.error("first line\\nlast line");
    if (args[0]) writeFileSync(env.LAST_WORDS ?? "", args[0]);
    process.exit(Number(args[1]));
  },
  write() { writeFileSync(args[0], args[1]); },
  deaf() {
    process.on("SIGTERM", () => console.log("no"));
    console.log("pid " + process.pid);
    setInterval(() => {}, 1000);
  },
};
verbs[verb]();
`;
