import { notAcceptable } from "../values/api-error.ts";
import type { IncludeObject } from "../tables/table.ts";

/** How a client wants objects: as they are, as rows of a table, or metadata only. */
export type Presentation = "object" | "table" | "metadata";

const objectTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const streamTypes = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];

/** Reads `Accept`: the first entry that the server can serve wins. Throws 406. */
export function presentationOf(accept: string | undefined, of: "object" | "collection"): Presentation {
  if (accept === undefined || accept === "" || accept === "application/json") return "object";
  for (const entry of accept.split(",")) {
    const presentation = presentationIn(entry);
    if (presentation !== undefined) return presentation;
  }
  throw notAcceptable(of === "object" ? objectTypes : [...objectTypes, ...streamTypes]);
}

const jsonTypes: ReadonlySet<string> = new Set(["application/json", "application/*", "*/*"]);

const presentations: ReadonlyMap<string, Presentation> = new Map([
  ["Table", "table"],
  ["PartialObjectMetadata", "metadata"],
  ["PartialObjectMetadataList", "metadata"],
]);

function presentationIn(entry: string): Presentation | undefined {
  const [type = "", ...parameters] = entry.split(";").map((part) => part.trim());
  if (!jsonTypes.has(type)) return undefined;
  const as = parameters.find((parameter) => parameter.startsWith("as="))?.slice("as=".length);
  return as === undefined ? "object" : presentations.get(as);
}

/** What rows of a table carry: `includeObject` of the query, metadata unless told otherwise. */
export function includeOf(query: URLSearchParams): IncludeObject {
  const wanted = query.get("includeObject");
  return wanted === "None" || wanted === "Object" ? wanted : "Metadata";
}

/** The media type without parameters, in lower case. */
export const bareType = (contentType: string | undefined): string =>
  (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
