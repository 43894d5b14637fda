import { notAcceptable } from "../values/api-error.ts";
import type { IncludeObject } from "../tables/table.ts";

/** How a client wants objects: as they are, as rows of a table, or metadata only. */
export type Presentation = "object" | "table" | "metadata";

const acceptable = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/** Reads `Accept`: the first entry that the server can serve wins. Throws 406. */
export function presentationOf(accept: string | undefined): Presentation {
  if (accept === undefined || accept === "") return "object";
  for (const entry of accept.split(",")) {
    const [type = "", ...parameters] = entry.split(";").map((part) => part.trim());
    if (type !== "application/json" && type !== "*/*" && type !== "application/*") continue;
    const wanted = new Map(parameters.map((parameter) => parameter.split("=", 2) as [string, string])); // two parts or one
    switch (wanted.get("as")) {
      case "Table":
        return "table";
      case "PartialObjectMetadata":
      case "PartialObjectMetadataList":
        return "metadata";
      case undefined:
        return "object";
    }
  }
  throw notAcceptable(acceptable);
}

/** What rows of a table carry: `includeObject` of the query, metadata unless told otherwise. */
export function includeOf(query: URLSearchParams): IncludeObject {
  const wanted = query.get("includeObject");
  return wanted === "None" || wanted === "Object" ? wanted : "Metadata";
}

/** The media type without parameters, in lower case. */
export const bareType = (contentType: string | undefined): string =>
  (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
