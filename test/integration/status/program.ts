/**
 * What stands for the runtime image in these tests: the real program, but for models whose name says what goes wrong
 * with them.
 */
const { MODELWRIGHT_MODEL_NAME: name } = process.env;

if (name === "crashes" && process.argv[2] === "serve") {
  process.stderr.write("reading weights\nlibcuda.so.1: cannot open shared object file\n");
  process.exit(1);
}
/** Runs and listens nowhere, as a program does that hangs before its first line. */
if (name === "hangs" && process.argv[2] === "serve") await new Promise(() => setInterval(() => {}, 60_000));
await import("../../../runtime/main.ts");
