import { floatOfHalf } from "../../../base/half-float.ts";
import type { Tensor } from "../../../dataplane/tensor.ts";
import { bytesAt, type ByteSource } from "../byte-source.ts";
import type { ModelFolder } from "../model-folder.ts";
import { tensorOfBytes } from "../tensorflow-graph/source/constant-tensor.ts";
import { WeightError } from "./weight-error.ts";
import type { WeightManifest, WeightPlace } from "./weight-manifest.ts";

/** Reads weights by their place, quantised ones as what they stand for. Checks the files' sizes first. Throws a WeightError or a FolderError. */
export function storedWeights(folder: ModelFolder, { groups }: WeightManifest): (place: WeightPlace) => Tensor {
  const sources = groups.map(({ paths, sizeBytes }) => {
    const joined = joinedSource(paths.map((path) => folder.file(path)));
    if (joined.sizeBytes !== sizeBytes) {
      throw new WeightError(`its files have ${joined.sizeBytes} bytes; the weights take ${sizeBytes}`);
    }
    return joined;
  });
  return (place) => {
    const source = sources[place.group];
    const bytes = source === undefined ? new Uint8Array(0) : bytesAt(source, place.offset, place.sizeBytes);
    if (bytes.length !== place.sizeBytes) throw new WeightError(`weight ${JSON.stringify(place.name)} is cut short`);
    return valueOf(place, bytes);
  };
}

function valueOf({ dtype, shape, quantization }: WeightPlace, bytes: Uint8Array): Tensor {
  if (quantization === undefined) return tensorOfBytes(dtype, shape, bytes);
  const stored = Array.from(tensorOfBytes(quantization.stored, shape, bytes).data, Number);
  if (quantization.stored === "float16")
    return { dtype: "float32", shape, data: Float32Array.from(stored, floatOfHalf) };
  const { scale, min } = quantization;
  if (dtype === "float32") return { dtype, shape, data: Float32Array.from(stored, (value) => value * scale + min) };
  return { dtype: "int32", shape, data: Int32Array.from(stored, (value) => Math.round(value * scale + min)) };
}

/** Several files as if they were one. */
function joinedSource(parts: readonly ByteSource[]): ByteSource {
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  return {
    sizeBytes,
    read: (target, position) => {
      let start = 0;
      let filled = 0;
      for (const part of parts) {
        const from = position + filled - start;
        if (filled < target.length && from < part.sizeBytes) filled += part.read(target.subarray(filled), from);
        start += part.sizeBytes;
      }
      return filled;
    },
  };
}
