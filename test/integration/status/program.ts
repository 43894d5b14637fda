/**
 * What stands for the runtime image in these tests: the real program, but for models whose name says what goes wrong
 * with them.
 */
const { MODELWRIGHT_MODEL_NAME: name } = process.env;

if (name === "crashes" && process.argv[2] === "serve") {
  process.stderr.write("reading weights\nlibcuda.so.1: cannot open shared object file\n");
  process.exit(1);
}
await import("../../../runtime/main.ts");
