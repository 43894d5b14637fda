import type { Tensor } from "../../../../../runtime/dataplane/tensor.ts";
import type {
  SourceFunction,
  SourceGraph,
  SourceNode,
} from "../../../../../runtime/model/formats/tensorflow-graph/source/source-graph.ts";
import type { Attribute } from "../../../../../runtime/model/formats/tensorflow-graph/tensorflow-graph.ts";

interface NodeParts {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly functions?: Readonly<Record<string, readonly string[]>>;
  readonly value?: Tensor;
}

/** Nodes as `name: [operation, inputs, other properties]`. */
export type SmallNodes = Readonly<Record<string, readonly [op: string, inputs?: readonly string[], parts?: NodeParts]>>;

export interface SmallFunction {
  readonly parameters: readonly string[];
  readonly results: readonly string[];
  readonly nodes: SmallNodes;
}

/** A source graph with these nodes. */
export function smallSource(nodes: SmallNodes, functions: Readonly<Record<string, SmallFunction>> = {}): SourceGraph {
  return {
    nodes: nodesOf(nodes),
    functionNamed: (name): SourceFunction | undefined => {
      const found = functions[name];
      return found === undefined ? undefined : { ...found, name, nodes: nodesOf(found.nodes) };
    },
    outputsOf: () => undefined,
  };
}

function nodesOf(nodes: SmallNodes): ReadonlyMap<string, SourceNode> {
  return new Map(
    Object.entries(nodes).map(([name, [op, inputs = [], { attributes = {}, functions = {}, value } = {}]]) => [
      name,
      {
        name,
        op,
        inputs,
        attributes: new Map(Object.entries(attributes)),
        functions: new Map(Object.entries(functions)),
        ...(value === undefined ? {} : { value: () => value }),
      },
    ]),
  );
}

/** A string constant. */
export function texts(...data: readonly string[]): Tensor {
  return { dtype: "string", shape: [data.length], data: data.map((text) => Buffer.from(text)) };
}
