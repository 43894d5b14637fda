import { readFileSync } from "node:fs";

import { schemaNode, type Definitions, type SchemaNode } from "../schema/schema-node.ts";

let loaded: Definitions | undefined;

/** Schemas of the built-in kinds, trimmed from a real server's /openapi/v3 (see schemas/README.md). */
export function definitions(): Definitions {
  loaded ??= JSON.parse(readFileSync(new URL("../schemas/definitions.json", import.meta.url), "utf8")) as Definitions; // written by the trimming script
  return loaded;
}

const nodes = new Map<string, SchemaNode>();

/** The schema of a built-in type, by its name in the OpenAPI document. */
export function definedSchema(name: string): SchemaNode {
  let node = nodes.get(name);
  if (node === undefined) {
    node = schemaNode({ $ref: `#/components/schemas/${name}` }, definitions());
    nodes.set(name, node);
  }
  return node;
}
