/**
 * Stands in for the runtime image in these tests: the real program, except for models whose name selects a failure.
 */
const { MODELWRIGHT_MODEL_NAME: name } = process.env;

if (name === "crashes" && process.argv[2] === "serve") {
  process.stderr.write("reading weights\nlibcuda.so.1: cannot open shared object file\n");
  process.exit(1);
}
/** Runs without listening, like a program that hangs at start-up. */
if (name === "hangs" && process.argv[2] === "serve") await new Promise(() => setInterval(() => {}, 60_000));
await import("../../../runtime/main.ts");
