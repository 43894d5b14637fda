import type { TensorOf } from "../../../dataplane/tensor.ts";
import { requestDocument } from "../request.ts";
import { examplesTensor } from "./example-run.ts";
import { jsonExamples } from "./json-examples.ts";

/** A classify or regress request, read. */
export interface ExamplesDocument {
  readonly signature: string;
  readonly inputs: readonly [{ readonly name: string; readonly path: string; readonly tensor: TensorOf<"string"> }];
}

/** Reads a classify or regress request. Throws what its parts throw. */
export function examplesDocument(body: Buffer): ExamplesDocument {
  const { root, signature } = requestDocument(body);
  return { signature, inputs: [examplesTensor(jsonExamples(root))] };
}
