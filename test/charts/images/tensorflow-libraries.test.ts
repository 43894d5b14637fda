import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { linkLibraries } from "../../../charts/images/tensorflow-engine/addon.ts";

/** Links the libraries in a folder of unpacked wheels with these files; returns the sorted paths there afterwards. */
async function linked(files: readonly string[]): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), "modelwright-wheels-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const file of files) {
    const path = join(folder, "wheels", file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, "");
  }
  await linkLibraries(folder);
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .sort();
}

const tensorFlow = ["tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"];
const deps = "node_modules/@tensorflow/tfjs-node-gpu/deps";
const own = ["", ".2"].flatMap((version) => [
  `${deps}/lib/libtensorflow${version === "" ? "" : "_cc"}.so${version}`,
  `${deps}/lib/libtensorflow_framework.so${version}`,
]);

it("TensorFlow's libraries are where the addon looks for them", async () => {
  expect(await linked(tensorFlow)).toEqual(own.toSorted());
});

it("CUDA's libraries are where TensorFlow looks for them, without those that it does not load", async () => {
  const cuda = [
    "nvidia/cublas/lib/libcublas.so.12",
    "nvidia/cublas/include/cublas.h",
    "nvidia/cusolver/lib/libcusolver.so.11",
    "nvidia/cusolver/lib/libcusolverMg.so.11",
    "nvidia/cuda_nvrtc/lib/libnvrtc.so.12",
    "nvidia/cuda_nvrtc/lib/libnvrtc.alt.so.12",
    "nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.12.9",
    "nvidia/cudnn/lib/libcudnn_graph.so.9",
    "nvidia/cuda_nvcc/bin/ptxas",
  ];
  expect(await linked([...tensorFlow, ...cuda])).toEqual(
    [
      ...own,
      `${deps}/nvidia/cublas/lib/libcublas.so.12`,
      `${deps}/nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.12.9`,
      `${deps}/nvidia/cuda_nvrtc/lib/libnvrtc.so.12`,
      `${deps}/nvidia/cudnn/lib/libcudnn_graph.so.9`,
      `${deps}/nvidia/cusparse/lib/libcusolver.so.11`,
    ].toSorted(),
  );
});
