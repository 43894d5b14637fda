import { errorText } from "../../../../runtime/base/fault.ts";
import { readYaml } from "../../../../crds/schema/yaml.ts";
import { badRequest, unsupportedMediaType } from "../values/api-error.ts";
import { isObject, type Json, type JsonObject } from "../values/json.ts";
import { mediaType } from "./media-type.ts";
import { protobufObject } from "./protobuf-object.ts";

/** A body passed as a value by an in-process client; an interned copy that the server owns. */
export interface SharedBody {
  readonly value: Json;
}

/** A request body: text or bytes from a socket, or a value from an in-process client. */
export type RequestBody = string | Uint8Array | SharedBody | undefined;

const decoder = new TextDecoder();

const isShared = (body: RequestBody): body is SharedBody => typeof body === "object" && "value" in body;

/** Whether a request has no body. */
export const isEmptyBody = (body: RequestBody): boolean => body === undefined || (!isShared(body) && body.length === 0);

const bodyText = (body: Exclude<RequestBody, SharedBody>): string =>
  typeof body === "string" ? body : decoder.decode(body);

/** The value of a JSON body. Throws 400. */
export const bodyJson = (body: RequestBody): Json => (isShared(body) ? body.value : parsedJson(bodyText(body)));

/** The value of a YAML body. Throws 400. */
export const bodyYaml = (body: RequestBody): Json => (isShared(body) ? body.value : parsedYaml(bodyText(body)));

/** The object in a POST, PUT or DELETE body: JSON, YAML or protobuf. Throws 400 and 415. */
export function bodyObject(body: RequestBody, contentType: string | undefined): JsonObject {
  const type = mediaType(contentType);
  const value = bodyValue(body, type);
  if (!isObject(value)) {
    throw badRequest(
      "the object provided is unrecognized (must be of type Object): couldn't get version/kind; json parse error",
    );
  }
  return value;
}

function bodyValue(body: RequestBody, type: string): Json {
  if (isShared(body)) return body.value;
  return type === protobufType ? fromProtobuf(body) : fromText(type, bodyText(body));
}

const protobufType = "application/vnd.kubernetes.protobuf";

function fromProtobuf(body: Exclude<RequestBody, SharedBody>): JsonObject {
  const object = typeof body === "object" ? protobufObject(body) : undefined;
  if (object !== undefined) return object;
  const hint = "use `kubectl create … --dry-run=client -o yaml | kubectl apply -f -`";
  throw unknownFormat(`; this server reads few kinds as protobuf: ${hint}`);
}

function fromText(type: string, text: string): Json {
  if (type === "application/yaml") return parsedYaml(text);
  if (type === "" || type === "application/json" || type === "*/*") return parsedJson(text);
  throw unknownFormat("");
}

const unknownFormat = (hint: string): Error =>
  unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, ${protobufType}${hint}`,
  );

function parsedJson(text: string): Json {
  try {
    return JSON.parse(text) as Json; // what JSON.parse returns is JSON
  } catch (error) {
    throw badRequest(`error decoding the body: ${errorText(error)}`);
  }
}

/** Parses YAML or JSON. Throws kube-apiserver's 400 when the text is neither. */
export function parsedYaml(text: string): Json {
  // Most clients send JSON as YAML, and parsing it as JSON is ten times faster.
  if (text.trimStart().startsWith("{")) {
    try {
      return JSON.parse(text) as Json; // what JSON.parse returns is JSON
    } catch {
      // A YAML flow mapping starts with a brace, too.
    }
  }
  try {
    const [value] = readYaml(text, "body");
    return (value ?? null) as Json; // YAML of the JSON schema holds JSON values only
  } catch (error) {
    throw badRequest(`error decoding YAML: ${errorText(error)}`);
  }
}
