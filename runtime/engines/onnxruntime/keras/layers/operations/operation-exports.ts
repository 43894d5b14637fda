import type { LayerExports } from "../layer-export.ts";
import { elementwiseOperations } from "./elementwise.ts";
import { productOperations } from "./products.ts";
import { reductions } from "./reductions.ts";
import { shapeOperations } from "./shapes.ts";

/** `keras.ops` in functional models: see formats/keras/topology/operations.ts for names and arguments. */
export const operationExports: LayerExports = Object.fromEntries(
  Object.entries({ ...elementwiseOperations, ...productOperations, ...reductions, ...shapeOperations }).map(
    ([name, operation]) => [`ops.${name}`, operation],
  ),
);
