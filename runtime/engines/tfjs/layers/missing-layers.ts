import type * as Core from "@tensorflow/tfjs-core";
import type * as Layers from "@tensorflow/tfjs-layers";
import {
  type Kwargs,
  type LayerArgs,
  type LayerClass,
  numbers,
  oneShape,
  oneTensor,
  registeredClass,
  type Shape,
  type Tensor,
} from "./layer-class.ts";

/** Keras layers that tfjs-layers lacks. */
export function missingLayers(tf: typeof Core, tfl: typeof Layers): readonly LayerClass[] {
  const identities = ["Identity", "SpatialDropout2D", "SpatialDropout3D", "ActivityRegularization"];
  return [
    ...identities.map((className) => identity(tf, tfl, className)),
    elu(tf, tfl),
    subtract(tf, registeredClass(tf, "Add")),
    zeroPadding1d(tf, tfl),
    normalization(tf, tfl),
  ];
}

/** A layer that is the identity at inference. */
function identity(tf: typeof Core, { layers }: typeof Layers, className: string): LayerClass {
  return class extends layers.Layer {
    static className = className;

    constructor(args: LayerArgs) {
      super(args);
      this.supportsMasking = true;
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.clone(oneTensor(inputs));
    }
  };
}

/** tfjs-layers' ELU supports alpha = 1 only. */
function elu(tf: typeof Core, { layers }: typeof Layers): LayerClass {
  return class extends layers.Layer {
    static className = "ELU";
    readonly alpha: number;

    constructor(args: LayerArgs) {
      super(args);
      this.supportsMasking = true;
      this.alpha = Number(args["alpha"] ?? 1);
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const x = oneTensor(inputs);
        const negative = tf.mul(this.alpha, tf.sub(tf.exp(tf.minimum(x, 0)), 1));
        return tf.add(tf.relu(x), negative);
      });
    }
  };
}

/** The first input minus the second. */
function subtract(tf: typeof Core, base: LayerClass): LayerClass {
  return class extends base {
    static override className = "Subtract";

    mergeFunction(inputs: Tensor[]): Tensor {
      const [a, b] = inputs;
      if (a === undefined || b === undefined || inputs.length !== 2) throw new RangeError("Subtract takes two inputs");
      return tf.sub(a, b);
    }
  };
}

function zeroPadding1d(tf: typeof Core, { layers }: typeof Layers): LayerClass {
  return class extends layers.Layer {
    static className = "ZeroPadding1D";
    readonly left: number;
    readonly right: number;

    constructor(args: LayerArgs) {
      super(args);
      const [left = 1, right = left] = numbers(args["padding"], [1]);
      this.left = left;
      this.right = right;
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.pad(oneTensor(inputs), [
        [0, 0],
        [this.left, this.right],
        [0, 0],
      ]);
    }

    override computeOutputShape(shape: Shape | Shape[]): Shape {
      const [batch = null, steps = null, channels = null] = oneShape(shape);
      return [batch, steps === null ? null : steps + this.left + this.right, channels];
    }
  };
}

/** keras/src/layers/preprocessing/normalization.py, along the last axis, with statistics from `adapt`. */
function normalization(tf: typeof Core, { layers }: typeof Layers): LayerClass {
  const epsilon = 1e-7;
  return class extends layers.Layer {
    static className = "Normalization";
    readonly isInverted: boolean;
    readonly hasAxis: boolean;

    constructor(args: LayerArgs) {
      super(args);
      this.isInverted = args["invert"] === true;
      this.hasAxis = numbers(args["axis"], []).length > 0;
    }

    override build(shape: Shape | Shape[]): void {
      const size = oneShape(shape).at(-1);
      const weightShape = this.hasAxis ? [size ?? null] : [];
      const stored = storedWeight(tf);
      this.addWeight("mean", weightShape, "float32", stored, undefined, false);
      this.addWeight("variance", weightShape, "float32", stored, undefined, false);
      this.addWeight("count", [], "float32", stored, undefined, false);
      this.built = true;
    }

    override call(inputs: Tensor | Tensor[], _kwargs: Kwargs): Tensor {
      return tf.tidy(() => {
        const [mean, variance] = this.nonTrainableWeights.map((weight) => weight.read());
        if (mean === undefined || variance === undefined) throw new RangeError("the statistics are missing");
        const deviation = tf.maximum(tf.sqrt(variance), epsilon);
        const x = tf.cast(oneTensor(inputs), "float32");
        return this.isInverted ? tf.add(mean, tf.mul(x, deviation)) : tf.div(tf.sub(x, mean), deviation);
      });
    }
  };
}

type Initializer = Parameters<Layers.layers.Layer["addWeight"]>[3];

function storedWeight(tf: typeof Core): Initializer {
  const stored = registeredClass(tf, "StoredWeight");
  return new stored({}) as unknown as Initializer; // registered in custom-objects.ts with an initializer's methods
}
