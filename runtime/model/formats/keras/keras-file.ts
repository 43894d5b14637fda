import { Fault } from "../../../base/fault.ts";
import { type ByteSource, bytesAt } from "../byte-source.ts";
import { formatFaults } from "../faults.ts";
import { archiveWeights } from "./archive-weights.ts";
import { kerasFaults } from "./faults.ts";
import { h5Weights, type LayerDatasets } from "./h5-weights.ts";
import { Hdf5Error } from "./hdf5/hdf5-error.ts";
import { hdf5File } from "./hdf5/hdf5-file.ts";
import type { KerasModel, LayerWeights } from "./keras-model.ts";
import { ConfigError, maxConfigBytes, parsedConfig, textAt } from "./topology/json-config.ts";
import { type Topology, topology } from "./topology/topology.ts";
import { zipArchive } from "./zip/zip-archive.ts";
import { ZipError } from "./zip/zip-directory.ts";

/** A Keras file and what reading it may cost. */
export interface KerasFile {
  /** Name for messages. */
  readonly name: string;
  readonly source: ByteSource;
  readonly maxWeightBytes: number;
}

const maxRatio = 100;

/** Reads a Keras `.h5` (Keras 2 or 3). Throws a Fault. */
export async function readH5(file: KerasFile): Promise<KerasModel> {
  return convertingErrors(file.name, async () => {
    const hdf5 = hdf5File(file.source);
    const [text] = hdf5.strings("/", "model_config") ?? [];
    if (text === undefined) throw kerasFaults.KerasConfigMissing({ file: file.name });
    if (text.length > maxConfigBytes) throw new ConfigError(`it takes ${text.length} bytes`);
    const [version] = hdf5.strings("/", "keras_version") ?? hdf5.strings("/model_weights", "keras_version") ?? [];
    const found = accepted(topology(parsedConfig(text), isKeras3(version)));
    return kerasModel("keras-h5", found, weights(file, h5Weights(hdf5)));
  });
}

/** Reads a `.keras` archive (Keras 2 or 3). Throws a Fault. */
export async function readArchive(file: KerasFile): Promise<KerasModel> {
  return convertingErrors(file.name, async () => {
    const archive = zipArchive(file.source, { maxEntryBytes: file.maxWeightBytes, maxRatio });
    const description = parsedConfig(text(archive.open("config.json", maxConfigBytes)));
    const metadata = archive.has("metadata.json") ? parsedConfig(text(archive.open("metadata.json", 65_536))) : {};
    const found = accepted(topology(description, isKeras3(textAt(metadata, "keras_version"))));
    const hdf5 = hdf5File(archive.open("model.weights.h5", file.maxWeightBytes));
    return kerasModel("keras-zip", found, weights(file, archiveWeights(hdf5, description)));
  });
}

function kerasModel(
  format: string,
  { model, inputs, outputNames, beyondTensorFlowJs }: Topology,
  weights: readonly LayerWeights[],
): KerasModel {
  const weightBytes = weights.reduce(
    (sum, { tensors }) => sum + tensors.reduce((n, { data }) => n + data.byteLength, 0),
    0,
  );
  const beyond = beyondTensorFlowJs.length === 0 ? {} : { beyondTensorFlowJs };
  return { kind: "keras-layers", format, topology: model, inputs, outputNames, weights, weightBytes, ...beyond };
}

/** Refuses with the most helpful of the reasons found. Throws a Fault. */
export function accepted(found: Topology): Topology {
  if (found.subclass !== undefined) throw kerasFaults.SubclassedModel({ className: found.subclass });
  if (found.lambdas.length > 0) throw kerasFaults.LambdaLayer({ names: found.lambdas });
  if (found.refused.length > 0) throw kerasFaults.UnsupportedLayer({ layers: found.refused });
  if (found.unbuilt !== undefined) throw kerasFaults.ModelNotBuilt({ name: found.unbuilt });
  return found;
}

/** All sizes are added up before the first weight is read. */
function weights(file: KerasFile, layers: readonly LayerDatasets[]): readonly LayerWeights[] {
  const lengths = layers.flatMap(({ datasets }) => datasets.map(({ length }) => length));
  const sizeBytes = lengths.reduce((sum, length) => sum + length * Float32Array.BYTES_PER_ELEMENT, 0);
  if (sizeBytes > file.maxWeightBytes) {
    throw formatFaults.ModelTooLarge({
      what: `the weights of ${file.name}`,
      sizeBytes,
      limitBytes: file.maxWeightBytes,
    });
  }
  return layers.map(({ path, datasets }) => ({
    path,
    tensors: datasets.map(({ path: name, shape, floats }) => ({ name, shape, data: floats() })),
  }));
}

function isKeras3(version: string | undefined): boolean {
  return Number.parseInt(version ?? "2", 10) >= 3;
}

function text(source: ByteSource): string {
  return bytesAt(source, 0, source.sizeBytes).toString("utf8");
}

async function convertingErrors(name: string, read: () => Promise<KerasModel>): Promise<KerasModel> {
  try {
    return await read();
  } catch (thrown) {
    throw faultOf(name, thrown);
  }
}

function faultOf(name: string, thrown: unknown): Fault {
  if (thrown instanceof ZipError)
    return kerasFaults.KerasArchiveRefused({ file: name, reason: thrown.message }, thrown);
  if (thrown instanceof ConfigError)
    return kerasFaults.KerasConfigInvalid({ file: name, reason: thrown.message }, thrown);
  if (thrown instanceof Hdf5Error) {
    return thrown.path === ""
      ? kerasFaults.KerasFileDamaged({ file: name, reason: thrown.message }, thrown)
      : kerasFaults.WeightRefused({ weight: thrown.path, reason: thrown.message }, thrown);
  }
  return Fault.from(thrown);
}
