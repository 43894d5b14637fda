import type * as Core from "@tensorflow/tfjs-core";
import { type Call, numberOf, tensorAt, textsOf } from "../../operation-call.ts";

/** The bias and activation that a fused operation applies after its product. */
export interface FusedEpilogue {
  readonly bias?: Core.Tensor;
  readonly activation?: "relu" | "relu6" | "elu" | "sigmoid" | "leakyrelu" | "prelu";
  readonly preluActivationWeights?: Core.Tensor;
  readonly leakyreluAlpha?: number;
}

const activations: Readonly<Record<string, NonNullable<FusedEpilogue["activation"]>>> = {
  Relu: "relu",
  Relu6: "relu6",
  Elu: "elu",
  Sigmoid: "sigmoid",
  LeakyRelu: "leakyrelu",
  Prelu: "prelu",
};

/** Activations that a fused operation can apply. */
export const fusedActivations: ReadonlySet<string> = new Set(["Relu", "Relu6", "Elu", "Sigmoid", "LeakyRelu"]);

/** Reads `fused_ops`: an optional BiasAdd and an optional activation; their operands follow the first two inputs. */
export function fusedEpilogue(call: Call): FusedEpilogue {
  const epilogue = textsOf(call, "fused_ops");
  const hasBias = epilogue[0] === "BiasAdd";
  const [name, ...rest] = hasBias ? epilogue.slice(1) : epilogue;
  const activation = name !== undefined && Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (rest.length > 0 || (name !== undefined && activation === undefined)) {
    throw new TypeError(`${call.op}: the fused operations ${epilogue.join(", ")} are not known`);
  }
  return {
    ...(hasBias ? { bias: tensorAt(call, 2) } : {}),
    ...(activation === undefined ? {} : { activation }),
    ...(activation === "prelu" ? { preluActivationWeights: tensorAt(call, hasBias ? 3 : 2) } : {}),
    ...(activation === "leakyrelu" ? { leakyreluAlpha: numberOf(call, "leakyrelu_alpha", 0.2) } : {}),
  };
}

/** Applies the epilogue as separate operations, for products that are composed of several. */
export function withEpilogue(call: Call, product: Core.Tensor4D): Core.Tensor4D {
  const { bias, ...rest } = fusedEpilogue(call);
  const shifted = bias === undefined ? product : call.tf.add(product, bias);
  return activated(call, shifted, rest) as Core.Tensor4D; // its shape is that of the product
}

function activated({ tf }: Call, x: Core.Tensor, epilogue: FusedEpilogue): Core.Tensor {
  switch (epilogue.activation) {
    case undefined:
      return x;
    case "leakyrelu":
      return tf.leakyRelu(x, epilogue.leakyreluAlpha ?? 0.2);
    case "prelu":
      return epilogue.preluActivationWeights === undefined ? x : tf.prelu(x, epilogue.preluActivationWeights);
    default:
      return tf[epilogue.activation](x);
  }
}
