import { availableParallelism } from "node:os";
import { Fault } from "../../base/fault.ts";
import type { Signature } from "../../dataplane/signature.ts";
import type { Tensor } from "../../dataplane/tensor.ts";
import { type NativeSession, type NativeTensor, nativeTensor, onnxRuntimeAddon, silent } from "./binding.ts";
import { isMemoryShort, onnxRuntimeFaults as faults, reasonOf } from "./faults.ts";
import { emptyAnswer } from "./empty-answer.ts";
import { sizedSession } from "./sized-session.ts";
import { nativeData, tensorOf } from "./tensors.ts";

/** How models are run. */
export interface OnnxRuntimeSettings {
  /** Threads that share one call; default: the cores that this process may use, a quota of its container included. */
  readonly threads?: number;
  /** Try the GPU first; without one, without the library for it or its memory, models run on the CPU and the session says why. */
  readonly wantsGpu?: boolean;
  /** Rows of requests that run together at most; 1 or absent: rows may depend on each other and are run as they come. */
  readonly maxBatchSize?: number;
}

/** A ModelProto, and the folder that holds those of its weights that are not in it. */
export interface ModelSource {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly folder?: string;
  /** Inputs without elements may be run; absent: they are answered, or refused, without. */
  readonly takesEmpty?: boolean;
}

/** A model in ONNX Runtime. Holds its memory until `close`. */
export interface OnnxSession {
  /** `cuda` or `cpu`. */
  readonly device: string;
  /** Why it is not the device that was wanted. */
  readonly fallback?: string;
  /** Blocks its thread. */
  run(inputs: readonly Tensor[]): readonly Tensor[];
  /** Idempotent. */
  close(): void;
}

/** Throws `OnnxModelRefused` or `OnnxRuntimeMissing`. */
export function openSession(source: ModelSource, signature: Signature, settings: OnnxRuntimeSettings): OnnxSession {
  const opened = (device: string, fallback?: string): OnnxSession => {
    const session = loaded(source, device, settings);
    const takesEmpty = source.takesEmpty === true;
    const place = { device, ...(fallback === undefined ? {} : { fallback }) };
    return new NativeOnnxSession(session, { ...signature, takesEmpty }, place);
  };
  if (settings.wantsGpu !== true) return opened("cpu");
  try {
    return sizedSession(source.bytes, signature, {
      open: () => opened("cuda"),
      maxBatchSize: settings.maxBatchSize ?? 1,
    });
  } catch (thrown) {
    return opened("cpu", reasonOf(thrown instanceof Fault ? (thrown.cause ?? thrown) : thrown));
  }
}

function loaded({ bytes, folder }: ModelSource, device: string, { threads }: OnnxRuntimeSettings): NativeSession {
  const session = new (onnxRuntimeAddon().InferenceSession)();
  const options = {
    executionProviders: device === "cpu" ? ["cpu"] : [device, "cpu"],
    intraOpNumThreads: threads ?? availableParallelism(),
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    logSeverityLevel: silent,
    // Threads that spin while they wait would eat the CPU of the server beside them.
    extra: {
      session: {
        intra_op: { allow_spinning: "0" },
        ...(folder === undefined ? {} : { model_external_initializers_file_folder_path: folder }),
      },
    },
  } as const;
  try {
    session.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, options);
  } catch (thrown) {
    throw faults.OnnxModelRefused({ reason: reasonOf(thrown) }, thrown);
  }
  return session;
}

/** What a session takes and gives. */
interface SessionSignature extends Signature {
  readonly takesEmpty: boolean;
}

class NativeOnnxSession implements OnnxSession {
  readonly device: string;
  readonly fallback?: string;
  readonly #signature: SessionSignature;
  readonly #inputs: readonly NativeTensor[];
  readonly #feeds: object;
  readonly #fetches: object;
  #session: NativeSession | undefined;

  constructor(session: NativeSession, signature: SessionSignature, place: Pick<OnnxSession, "device" | "fallback">) {
    this.#session = session;
    this.#signature = signature;
    this.device = place.device;
    if (place.fallback !== undefined) this.fallback = place.fallback;
    this.#inputs = signature.inputs.map(({ dtype }) => nativeTensor(dtype, nothing, []));
    this.#feeds = Object.fromEntries(signature.inputs.map(({ name }, i) => [name, this.#inputs[i]]));
    this.#fetches = Object.fromEntries(signature.outputs.map(({ name }) => [name, null]));
  }

  run(tensors: readonly Tensor[]): readonly Tensor[] {
    const session = this.#session;
    if (session === undefined) throw new Error("the model has been unloaded");
    const isEmpty = tensors.some(({ shape }) => shape.includes(0));
    if (isEmpty && !this.#signature.takesEmpty) return emptyAnswer(this.#signature, tensors);
    for (const [i, input] of this.#inputs.entries()) {
      const tensor = tensors[i];
      if (tensor === undefined) continue;
      input.data = nativeData(tensor);
      input.dims = tensor.shape;
    }
    try {
      const outputs = session.run(this.#feeds, this.#fetches, {});
      return this.#signature.outputs.flatMap((spec) => {
        const output = outputs[spec.name];
        return output === undefined ? [] : [tensorOf(spec, output)];
      });
    } catch (thrown) {
      const reason = reasonOf(thrown);
      if (this.device === "cpu" || !isMemoryShort(reason)) throw new Error(reason, { cause: thrown });
      throw faults.EngineLost({ reason: `the GPU has no memory left for this batch: ${reason}` }, thrown);
    } finally {
      for (const input of this.#inputs) input.data = nothing;
    }
  }

  close(): void {
    this.#session?.dispose();
    this.#session = undefined;
  }
}

/** What inputs hold between calls: not the last request's memory. */
const nothing: readonly unknown[] = [];
