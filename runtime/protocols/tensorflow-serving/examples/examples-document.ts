import type { TensorOf } from "../../../dataplane/tensor.ts";
import { requestDocument } from "../request.ts";
import { examplesTensor } from "./example-run.ts";
import { jsonExamples } from "./json-examples.ts";

/** A decoded classify or regress request. */
export interface ExamplesDocument {
  readonly signature: string;
  readonly inputs: readonly [{ readonly name: string; readonly path: string; readonly tensor: TensorOf<"string"> }];
}

/** Decodes a classify or regress request. Throws a Fault. */
export function examplesDocument(body: Buffer): ExamplesDocument {
  const { root, signature } = requestDocument(body);
  return { signature, inputs: [examplesTensor(jsonExamples(root))] };
}
