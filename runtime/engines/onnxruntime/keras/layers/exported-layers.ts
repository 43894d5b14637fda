import { isList, type JsonObject } from "../../../../model/formats/keras/topology/json-config.ts";
import { innerLayer } from "../options.ts";
import { cast, channelsLast, NotExportedError, unmasked, type Value } from "../values.ts";
import { activationLayers } from "./activations.ts";
import { attentions } from "./attention.ts";
import { convolutions } from "./convolution.ts";
import { denseLayers } from "./dense.ts";
import { imageLayers } from "./images.ts";
import { type LayerCall, type LayerExport, type LayerExports, soleInput, type WeightCounts } from "./layer-export.ts";
import { mergers } from "./merging.ts";
import { normalizations } from "./normalization.ts";
import { operationExports } from "./operations/operation-exports.ts";
import { poolings } from "./pooling.ts";
import { recurrentLayers } from "./recurrent/recurrent-layers.ts";
import { shapings } from "./shaping.ts";
import { transposedConvolutions } from "./transposed-convolution.ts";

/** What does something in training only. */
const identity: LayerExport = { keepsMask: true, apply: ({ inputs }) => inputs };
const identities = [
  "Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D AlphaDropout GaussianDropout GaussianNoise",
  "ActivityRegularization Identity StochasticDepth",
];

/** Augmentations of images: at inference nothing but floats. */
const augmentation: LayerExport = { apply: (call) => [cast(call.graph, soleInput(call), "float32")] };
const augmentations = [
  "RandomFlip RandomRotation RandomZoom RandomContrast RandomTranslation RandomBrightness RandomHeight RandomWidth",
  "RandomShear RandomHue RandomSaturation RandomSharpness RandomGrayscale RandomColorJitter RandomErasing RandomInvert",
  "RandomGaussianBlur RandomPerspective RandomPosterization RandomElasticTransform MixUp CutMix RandAugment AugMix",
];

/** How each layer class becomes ONNX. A model with a class that is not here is for another engine. */
const exportedLayers: LayerExports = {
  ...everyOf(identities, identity),
  ...everyOf(augmentations, augmentation),
  ...activationLayers,
  ...attentions,
  ...convolutions,
  ...denseLayers,
  ...imageLayers,
  ...mergers,
  ...normalizations,
  ...operationExports,
  ...poolings,
  ...recurrentLayers,
  ...shapings,
  ...transposedConvolutions,
  TimeDistributed: {
    keepsMask: true,
    weightCounts: (config) => {
      const inner = innerLayer(config, "layer");
      if (isList(inner.config["layers"])) {
        throw new NotExportedError("a model inside is not exported");
      }
      return weightCounts(inner.className, inner.config);
    },
    apply: timeDistributed,
  },
};

function everyOf(lists: readonly string[], layer: LayerExport): LayerExports {
  return Object.fromEntries(lists.flatMap((names) => names.split(" ")).map((name) => [name, layer]));
}

/** How a class becomes ONNX. Throws a NotExportedError when it does not. */
function layerExport(className: string): LayerExport {
  const found = Object.hasOwn(exportedLayers, className) ? exportedLayers[className] : undefined;
  if (found === undefined) throw new NotExportedError("its class is not exported");
  return found;
}

export function weightCounts(className: string, config: JsonObject): WeightCounts {
  return layerExport(className).weightCounts?.(config) ?? { trained: 0, fixed: 0 };
}

/** Layers that say themselves what becomes of the mask. */
const selfMasking: readonly LayerExports[] = [recurrentLayers, denseLayers, mergers];

/** Adds a layer's nodes to the graph and returns its outputs. Throws a NotExportedError. */
export function exportedCall(className: string, call: LayerCall): readonly Value[] {
  const layer = layerExport(className);
  const [first] = call.inputs;
  const outputs = layer.apply(call);
  const isMaskKept = layer.keepsMask === true || selfMasking.some((layers) => className in layers);
  if (isMaskKept || first?.mask === undefined) return outputs;
  return outputs.map(unmasked);
}

/** The inner layer over all steps of all sequences, as if they were one batch. */
function timeDistributed(call: LayerCall): readonly Value[] {
  const { graph, config } = call;
  const { className, config: inner } = innerLayer(config, "layer");
  const { mask, ...input } = channelsLast(graph, soleInput(call));
  const [batch = -1, steps = -1, ...row] = input.shape;
  const whole = graph.add("Shape", [input.name]);
  const rowShape = graph.add("Slice", [whole, graph.integers([2]), graph.integers([2 ** 31 - 1])]);
  const flat = graph.add("Reshape", [input.name, graph.add("Concat", [graph.integers([-1]), rowShape], { axis: 0 })]);
  const value: Value = { ...input, name: flat, shape: [-1, ...row] };
  const outputs = exportedCall(className, { ...call, config: inner, inputs: [value] });
  return outputs.map((output) => {
    const last = channelsLast(graph, output);
    const outer = graph.add("Slice", [whole, graph.integers([0]), graph.integers([2])]);
    const inside = graph.add("Slice", [
      graph.add("Shape", [last.name]),
      graph.integers([1]),
      graph.integers([2 ** 31 - 1]),
    ]);
    const name = graph.add("Reshape", [last.name, graph.add("Concat", [outer, inside], { axis: 0 })]);
    const shape = [batch, steps, ...last.shape.slice(1)];
    return { ...last, name, shape, ...(mask === undefined ? {} : { mask }) };
  });
}
