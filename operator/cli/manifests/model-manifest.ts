import { basename, dirname, extname } from "node:path";
import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { faults } from "../faults.ts";

/** File name endings by which the runtime recognizes model files. */
const modelEndings = [".h5", ".hdf5", ".keras", ".onnx"];

/** A manifest generated for a model file, and the folder that stands in for its PersistentVolumeClaim on this machine. */
export interface ModelManifest {
  readonly object: ModelDeployment;
  readonly claimName: string;
  readonly folder: string;
}

/** Generates the ModelDeployment for a model at the absolute `path`. Throws `NotAModel` for a file with another ending. */
export function modelManifest(path: string, isFolder: boolean): ModelManifest {
  const ending = extname(path).toLowerCase();
  if (!isFolder && !modelEndings.includes(ending)) throw faults.NotAModel({ path, endings: modelEndings });
  const stem = isFolder ? basename(path) : basename(path, extname(path));
  const name = objectName(stem);
  const claimName = `${name}-files`;
  const source = { persistentVolumeClaim: { claimName, path: basename(path) } };
  return {
    object: {
      apiVersion: "modelwright.dev/v1alpha1",
      kind: "ModelDeployment",
      metadata: { name, namespace: "default" },
      spec: { model: { name: wireName(stem), source }, replicas: 1 },
    },
    claimName,
    folder: dirname(path),
  };
}

/** A DNS label similar to the file's name, at most 40 characters so that the names of child objects fit. */
function objectName(stem: string): string {
  const label = stem
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replace(/^-+|-+$/g, "");
  return /^[a-z]/.test(label) ? label : `model-${label}`.replace(/-+$/, "");
}

/** Longest `spec.model.name`. */
const maxWireNameLength = 128;

/** The file's name, with characters replaced that REST paths cannot have. */
function wireName(stem: string): string {
  const name = stem
    .replace(/[^A-Za-z0-9._-]+/g, "_")
    .slice(0, maxWireNameLength)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
  return name === "" ? "model" : name;
}
