import type * as Core from "@tensorflow/tfjs-core";
import {
  type Kwargs,
  type LayerArgs,
  type LayerClass,
  maskOf,
  numbers,
  oneShape,
  oneTensor,
  registeredClass,
  type Shape,
  type Tensor,
} from "./layer-class.ts";

/** Overrides of layers of tfjs-layers 4.22 that compute differently from Keras or refuse valid options. */
export function overriddenLayers(tf: typeof Core): readonly LayerClass[] {
  const of = (className: string): LayerClass => registeredClass(tf, className);
  return [
    conv1d(tf, of("Conv1D")),
    reshape(of("Reshape")),
    upSampling2d(tf, of("UpSampling2D")),
    globalAveragePooling1d(tf, of("GlobalAveragePooling1D")),
    bidirectional(tf, of("Bidirectional")),
    categoryEncoding(of("CategoryEncoding")),
    softmax(tf, of("Softmax")),
    depthwiseConv2d(tf, of("DepthwiseConv2D")),
    batchNormalization(tf, of("BatchNormalization")),
  ];
}

/** tfjs-layers does not implement causal padding. */
function conv1d(tf: typeof Core, base: LayerClass): LayerClass {
  return class extends base {
    static override className = "Conv1D";
    readonly left: number;

    constructor(args: LayerArgs) {
      const isCausal = args["padding"] === "causal";
      super(isCausal ? { ...args, padding: "valid" } : args);
      const [kernel = 1] = numbers(args["kernelSize"], [1]);
      const [dilation = 1] = numbers(args["dilationRate"], [1]);
      this.left = isCausal ? dilation * (kernel - 1) : 0;
    }

    override call(inputs: Tensor | Tensor[], kwargs: Kwargs): Tensor | Tensor[] {
      if (this.left === 0) return super.call(inputs, kwargs);
      return tf.tidy(() =>
        super.call(
          tf.pad(oneTensor(inputs), [
            [0, 0],
            [this.left, 0],
            [0, 0],
          ]),
          kwargs,
        ),
      );
    }

    override computeOutputShape(shape: Shape | Shape[]): Shape | Shape[] {
      const [batch = null, steps = null, channels = null] = oneShape(shape);
      return super.computeOutputShape([batch, steps === null ? null : steps + this.left, channels]);
    }
  };
}

/** With an unknown batch size, tfjs-layers reports a dimension of -1 as unknown although it can be inferred. */
function reshape(base: LayerClass): LayerClass {
  return class extends base {
    static override className = "Reshape";

    override computeOutputShape(shape: Shape | Shape[]): Shape | Shape[] {
      const [batch = null, ...inner] = oneShape(shape);
      if (inner.includes(null)) return super.computeOutputShape(shape);
      const [, ...target] = oneShape(super.computeOutputShape([1, ...inner]));
      return [batch, ...target];
    }
  };
}

/** Keras interpolates at pixel centres. */
function upSampling2d(tf: typeof Core, base: LayerClass): LayerClass {
  return class extends base {
    static override className = "UpSampling2D";
    readonly isBilinear: boolean;
    readonly isChannelsFirst: boolean;
    readonly factors: readonly number[];

    constructor(args: LayerArgs) {
      super(args);
      this.isBilinear = args["interpolation"] === "bilinear";
      this.isChannelsFirst = args["dataFormat"] === "channelsFirst";
      this.factors = numbers(args["size"], [2, 2]);
    }

    override call(inputs: Tensor | Tensor[], kwargs: Kwargs): Tensor | Tensor[] {
      if (!this.isBilinear) return super.call(inputs, kwargs);
      return tf.tidy(() => {
        const input = oneTensor(inputs);
        const last = this.isChannelsFirst ? tf.transpose(input, [0, 2, 3, 1]) : input;
        const [y = 2, x = 2] = this.factors;
        const size: [number, number] = [(last.shape[1] ?? 0) * y, (last.shape[2] ?? 0) * x];
        const resized = tf.image.resizeBilinear(last as Core.Tensor4D, size, false, true); // the input spec has rank 4
        return this.isChannelsFirst ? tf.transpose(resized, [0, 3, 1, 2]) : resized;
      });
    }
  };
}

/** Keras excludes masked steps from the mean. */
function globalAveragePooling1d(tf: typeof Core, base: LayerClass): LayerClass {
  return class extends base {
    static override className = "GlobalAveragePooling1D";

    constructor(args: LayerArgs) {
      super(args);
      this.supportsMasking = true;
    }

    override call(inputs: Tensor | Tensor[], kwargs: Kwargs): Tensor | Tensor[] {
      const mask = maskOf(kwargs);
      if (mask === undefined) return super.call(inputs, kwargs);
      return tf.tidy(() => {
        const weights = tf.expandDims(tf.cast(mask, "float32"), 2);
        return tf.div(tf.sum(tf.mul(oneTensor(inputs), weights), 1), tf.sum(weights, 1));
      });
    }

    override computeMask(): Tensor | Tensor[] {
      return null as unknown as Tensor; // tfjs-layers' value for no mask
    }
  };
}

/** Keras zeroes the outputs of masked steps in both directions. */
function bidirectional(tf: typeof Core, base: LayerClass): LayerClass {
  return class extends base {
    static override className = "Bidirectional";

    override call(inputs: Tensor | Tensor[], kwargs: Kwargs): Tensor | Tensor[] {
      const mask = maskOf(kwargs);
      const outputs = super.call(inputs, kwargs);
      if (mask === undefined) return outputs;
      return tf.tidy(() => {
        const kept = tf.expandDims(tf.cast(mask, "float32"), 2);
        const masked = (output: Tensor): Tensor => (output.rank === 3 ? tf.mul(output, kept) : output);
        return Array.isArray(outputs) ? outputs.map(masked) : masked(outputs);
      });
    }
  };
}

/** tfjs-layers modifies the given shape, which belongs to the model. */
function categoryEncoding(base: LayerClass): LayerClass {
  return class extends base {
    static override className = "CategoryEncoding";

    override computeOutputShape(shape: Shape | Shape[]): Shape | Shape[] {
      return super.computeOutputShape(oneShape(shape));
    }
  };
}

/** tfjs-layers implements the last axis only. */
function softmax(tf: typeof Core, base: LayerClass): LayerClass {
  return class extends base {
    static override className = "Softmax";
    readonly axis: number;

    constructor(args: LayerArgs) {
      super(args);
      [this.axis = -1] = numbers(args["axis"], [-1]);
    }

    override call(inputs: Tensor | Tensor[], kwargs: Kwargs): Tensor | Tensor[] {
      const input = oneTensor(inputs);
      const axis = this.axis < 0 ? this.axis + input.rank : this.axis;
      if (axis === input.rank - 1) return super.call(inputs, kwargs);
      const order = Array.from({ length: input.rank }, (_, i) => i);
      [order[axis], order[input.rank - 1]] = [input.rank - 1, axis];
      return tf.tidy(() => tf.transpose(tf.softmax(tf.transpose(input, order)), order));
    }
  };
}

/** Members of tfjs-layers' DepthwiseConv2D that its types lack. */
interface DepthwiseInternals {
  readonly depthwiseKernel: { read(): Tensor };
  readonly bias: { read(): Tensor } | null;
  readonly activation: { apply(x: Tensor): Tensor } | null;
  readonly strides: [number, number];
  readonly padding: "same" | "valid";
}

/** tfjs-layers ignores the dilation rate. */
function depthwiseConv2d(tf: typeof Core, base: LayerClass): LayerClass {
  const typed = base as unknown as new (args: LayerArgs) => InstanceType<LayerClass> & DepthwiseInternals; // see there
  return class extends typed {
    static className = "DepthwiseConv2D";
    readonly dilation: readonly [number, number];
    readonly kernel: readonly [number, number];

    constructor(args: LayerArgs) {
      super(args);
      const [y = 1, x = y] = numbers(args["dilationRate"], [1]);
      const [height = 1, width = height] = numbers(args["kernelSize"], [1]);
      this.dilation = [y, x];
      this.kernel = [height, width];
    }

    override call(inputs: Tensor | Tensor[], kwargs: Kwargs): Tensor | Tensor[] {
      if (this.#isPlain()) return super.call(inputs, kwargs);
      return tf.tidy(() => {
        const input = oneTensor(inputs) as Core.Tensor4D; // the input spec has rank 4
        const kernel = this.depthwiseKernel.read() as Core.Tensor4D; // built with rank 4
        const product = tf.depthwiseConv2d(input, kernel, this.strides, this.padding, "NHWC", [...this.dilation]);
        const sum = this.bias === null ? product : tf.add(product, this.bias.read());
        return this.activation === null ? sum : this.activation.apply(sum);
      });
    }

    override computeOutputShape(shape: Shape | Shape[]): Shape | Shape[] {
      const plain = oneShape(super.computeOutputShape(shape));
      if (this.#isPlain() || this.padding === "same") return plain;
      const spread = (size: number | null, axis: 0 | 1): number | null =>
        size === null ? null : size - (this.kernel[axis] - 1) * (this.dilation[axis] - 1);
      const [batch = null, rows = null, columns = null, channels = null] = plain;
      return [batch, spread(rows, 0), spread(columns, 1), channels];
    }

    #isPlain(): boolean {
      return this.dilation[0] === 1 && this.dilation[1] === 1;
    }
  };
}

/** Members of tfjs-layers' BatchNormalization that its types lack. */
interface NormalizationInternals {
  readonly axis: number;
  readonly epsilon: number;
  readonly gamma: { read(): Tensor } | null;
  readonly beta: { read(): Tensor } | null;
  readonly movingMean: { read(): Tensor };
  readonly movingVariance: { read(): Tensor };
}

/** The wasm kernel computes other axes than the last incorrectly, and tensors of rank 5 are not implemented. */
function batchNormalization(tf: typeof Core, base: LayerClass): LayerClass {
  const typed = base as unknown as new (args: LayerArgs) => InstanceType<LayerClass> & NormalizationInternals; // see there
  return class extends typed {
    static className = "BatchNormalization";

    override call(inputs: Tensor | Tensor[], kwargs: Kwargs): Tensor | Tensor[] {
      const input = oneTensor(inputs);
      const axis = this.axis < 0 ? this.axis + input.rank : this.axis;
      if (axis === input.rank - 1 && input.rank < 5) return super.call(inputs, kwargs);
      const shape = input.shape.map((size, i) => (i === axis ? size : 1));
      const spread = (weight: Tensor): Tensor => tf.reshape(weight, shape);
      return tf.tidy(() => {
        const deviation = tf.sqrt(tf.add(spread(this.movingVariance.read()), this.epsilon));
        const normal = tf.div(tf.sub(input, spread(this.movingMean.read())), deviation);
        const scaled = this.gamma === null ? normal : tf.mul(normal, spread(this.gamma.read()));
        return this.beta === null ? scaled : tf.add(scaled, spread(this.beta.read()));
      });
    }
  };
}
