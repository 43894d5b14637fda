import { badRequest, expired, invalid, tooLargeResourceVersion, type Cause } from "../values/api-error.ts";
import { invalidValue } from "../kinds/strategies/causes.ts";
import { isObject, numberOf, textOf, type Json } from "../values/json.ts";

/** Where a page of a list starts: after a key, in the collection as it was at a revision. */
export interface Page {
  readonly revision: number;
  /** `namespace/name` of the last object of the page before. */
  readonly after: string;
}

/** Reads `continue`. Throws 400 for a token that this server didn't make. */
export function listPage(query: URLSearchParams): Page | undefined {
  const token = query.get("continue") ?? "";
  if (token === "") return undefined;
  const value = tokenValue(token);
  const revision = isObject(value) ? numberOf(value["revision"]) : undefined;
  if (!isObject(value) || revision === undefined)
    throw badRequest("invalid continue token: continue key is not valid: unable to read the token");
  return { revision, after: textOf(value["after"]) };
}

function tokenValue(token: string): Json {
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString()) as Json; // what JSON.parse returns is JSON
  } catch {
    return null;
  }
}

const forbidden = (field: string, detail: string): Cause => ({
  reason: "FieldValueForbidden",
  message: `Forbidden: ${detail}`,
  field,
});

const refuse = (cause: Cause): Error => invalid({ group: "meta.k8s.io", kind: "ListOptions", plural: "" }, "", [cause]);

/** The revision a list must show exactly; undefined when the present state will do. Throws 400, 410, 422 and 504. */
export function listVersion(query: URLSearchParams, current: number): number | undefined {
  const match = query.get("resourceVersionMatch") ?? "";
  const written = query.get("resourceVersion") ?? "";
  if (query.has("sendInitialEvents"))
    throw refuse(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  if (match !== "" && written === "") {
    throw refuse(
      forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"),
    );
  }
  const revision = parsedVersion(written);
  if (revision > current) throw tooLargeResourceVersion(revision, current);
  if (match === "" || match === "NotOlderThan") return undefined;
  if (match !== "Exact") throw refuse(unsupportedMatch(match));
  if (revision === 0) {
    throw refuse(
      forbidden("resourceVersionMatch", 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
    );
  }
  return revision;
}

const unsupportedMatch = (match: string): Cause => ({
  reason: "FieldValueNotSupported",
  message: `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`,
  field: "resourceVersionMatch",
});

/** A resourceVersion as a number; 0 for none. Throws 400. */
function parsedVersion(written: string): number {
  if (written === "") return 0;
  if (/^\d+$/u.test(written)) return Number(written);
  const { message } = invalidValue(
    "",
    written,
    `strconv.ParseUint: parsing ${JSON.stringify(written)}: invalid syntax`,
  );
  throw badRequest(`invalid resource version: resourceVersion: ${message}`);
}

/** Text of etcd3's storage for a page whose revision is forgotten. */
export const continueExpired = (): Error =>
  expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
  );

/** What a watch asks for. */
export interface WatchOptions {
  /** 0: start with what is there. */
  readonly revision: number;
  readonly sendsInitialEvents: boolean;
  readonly wantsBookmarks: boolean;
  /** 0: the server decides. */
  readonly timeoutSeconds: number;
}

/** What a query asks of a watch. Throws 403 and 400 with kube-apiserver's words for what does not go together. */
export function watchOptions(query: URLSearchParams): WatchOptions {
  const initial = query.get("sendInitialEvents");
  const match = query.get("resourceVersionMatch") ?? "";
  if (initial !== null && match !== "NotOlderThan") {
    throw refuse(
      forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
    );
  }
  if (initial === null && match !== "") {
    throw refuse(
      forbidden(
        "resourceVersionMatch",
        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
      ),
    );
  }
  return {
    revision: parsedVersion(query.get("resourceVersion") ?? ""),
    sendsInitialEvents: initial === "true" || initial === "1",
    wantsBookmarks: query.get("allowWatchBookmarks") === "true" || query.get("allowWatchBookmarks") === "1",
    timeoutSeconds: Number(query.get("timeoutSeconds") ?? 0),
  };
}
