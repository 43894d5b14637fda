import { expect, test } from "vitest";
import { localPath } from "../../../../../operator/local/kubelet/pod/mount-paths.ts";

const mounts = [
  { path: "/models", target: "/data/v1" },
  { path: "/models/cache", target: "/data/v2" },
  { path: "/dev/termination-log", target: "/data/last" },
];

const cases: Record<string, { value: string; want: string }> = {
  "a mount's path becomes its folder": { value: "/models", want: "/data/v1" },
  "a path under a mount keeps its rest": { value: "/models/digits/1", want: "/data/v1/digits/1" },
  "the longest mount wins": { value: "/models/cache/x", want: "/data/v2/x" },
  "a mounted file is replaced": { value: "/dev/termination-log", want: "/data/last" },
  "a flag keeps its name": { value: "--model=/models/m.h5", want: "--model=/data/v1/m.h5" },
  "a longer name is another path": { value: "/models2/m.h5", want: "/models2/m.h5" },
  "a path in the middle of a text stays": { value: "see /models", want: "see /models" },
  "a URL stays": { value: "http://host/models", want: "http://host/models" },
  "an empty value stays": { value: "", want: "" },
};

test.each(Object.entries(cases))("%s", (_sentence, { value, want }) => {
  expect(localPath(value, mounts)).toBe(want);
});
