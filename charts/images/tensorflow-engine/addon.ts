import { mkdir, readdir, rename, rm, symlink } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";

const addonPackage = join("node_modules", "@tensorflow", "tfjs-node-gpu");
/** TensorFlow's libraries: file names, and the names that the addon is linked with. */
const libraries = [
  ["libtensorflow_cc.so.2", "libtensorflow.so"],
  ["libtensorflow_framework.so.2", "libtensorflow_framework.so"],
] as const;

/** The compiler command, to be run in the build folder. The addon's sources use only TensorFlow's C API. */
export function compileCommand(folder: string): readonly string[] {
  const at = (...path: string[]): string => join(folder, addonPackage, ...path);
  return [
    "g++",
    "-O2",
    "-fPIC",
    "-shared",
    "-std=c++17",
    "-DNAPI_VERSION=8",
    "-w",
    `-I${join(folder, "wheels", "tensorflow", "include")}`,
    `-I${join(folder, "node_modules", "node-api-headers", "include")}`,
    at("binding", "tfjs_backend.cc"),
    at("binding", "tfjs_binding.cc"),
    `-L${at("deps", "lib")}`,
    "-ltensorflow",
    "-ltensorflow_framework",
    "-Wl,-rpath,$ORIGIN/../../deps/lib",
    "-o",
    at("lib", "napi-v8", "tfjs_binding.node"),
  ];
}

/**
 * Moves TensorFlow's libraries to where the addon looks for them, and CUDA's to where TensorFlow's RUNPATH (made for the layout of the
 * wheels) looks for them, so that LD_LIBRARY_PATH need not be set.
 */
export async function linkLibraries(folder: string): Promise<void> {
  const libraryFolder = join(folder, addonPackage, "deps", "lib");
  await mkdir(libraryFolder, { recursive: true });
  await mkdir(join(folder, addonPackage, "lib", "napi-v8"), { recursive: true });
  for (const [file, linkName] of libraries) {
    await rename(join(folder, "wheels", "tensorflow", file), join(libraryFolder, file));
    await symlink(file, join(libraryFolder, linkName));
  }
  const cuda = join(folder, "wheels", "nvidia");
  if (!existsSync(cuda)) return;
  const target = join(folder, addonPackage, "deps", "nvidia");
  for (const path of await readdir(cuda, { recursive: true })) {
    const [, part = "", name = ""] = /^(\w+)\/lib\/([^/]+\.so[.\d]*)$/.exec(path) ?? [];
    if (name === "" || unused.test(name)) continue;
    const home = join(target, relocated[part] ?? part, "lib");
    await mkdir(home, { recursive: true });
    await rename(join(cuda, path), join(home, name));
  }
  await rm(cuda, { recursive: true });
}

/** libtensorflow_framework loads cuSOLVER, but only libtensorflow_cc's RUNPATH has its folder. */
const relocated: Readonly<Record<string, string>> = { cusolver: "cusparse" };
/** 350 MB that TensorFlow does not load: multi-GPU solvers, profiling, drop-in replacements of other libraries. */
const unused = /^lib(?:cusolverMg|nvblas|cufftw|nvperf_\w+|pcsamplingutil|checkpoint|nvrtc(?:-builtins)?\.alt)\./;
