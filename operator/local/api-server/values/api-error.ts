import type { JsonObject } from "./json.ts";

/** One finding of a validation, as `details.causes` lists it. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** A request the server refuses: its body is a `Status` object. Thrown anywhere below a request, answered at its border. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: JsonObject | undefined;

  /** @param cause what the server keeps to itself, for its own log */
  // oxlint-disable-next-line max-params -- the fields of a Status, in the order everybody knows
  constructor(code: number, reason: string, message: string, details?: JsonObject, cause?: string) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = reason;
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  get status(): JsonObject {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      ...(this.reason === "" ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** The resource an error speaks of. */
export interface Subject {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

const qualified = ({ group, plural }: Subject): string => (group === "" ? plural : `${plural}.${group}`);
const qualifiedKind = ({ group, kind }: Subject): string => (group === "" ? kind : `${kind}.${group}`);

const details = (subject: Subject, name: string): JsonObject => ({
  ...(name === "" ? {} : { name }),
  ...(subject.group === "" ? {} : { group: subject.group }),
  kind: subject.plural,
});

// The texts and codes are those of k8s.io/apimachinery/pkg/api/errors.

/** 404: there is no such object. */
export const notFound = (subject: Subject, name: string): ApiError =>
  new ApiError(404, "NotFound", `${qualified(subject)} "${name}" not found`, details(subject, name));

/** 404 for a path that no resource is served at. */
export const pathNotFound = (): ApiError =>
  new ApiError(404, "NotFound", "the server could not find the requested resource", {});

/** 409 for a creation whose name is taken, also by an object that is being deleted. */
export const alreadyExists = (subject: Subject, name: string, isEnding: boolean): ApiError =>
  new ApiError(
    409,
    "AlreadyExists",
    `${isEnding ? "object is being deleted: " : ""}${qualified(subject)} "${name}" already exists`,
    details(subject, name),
  );

/** 409 with the reason in kube-apiserver's words. */
export const conflict = (subject: Subject, name: string, why: string): ApiError =>
  new ApiError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(subject)} "${name}": ${why}`,
    details(subject, name),
  );

/** 409 for a write with a resourceVersion that is not the newest. */
export const modifiedSince = (subject: Subject, name: string): ApiError =>
  conflict(
    subject,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );

/** 400: what was sent cannot be read. */
export const badRequest = (message: string): ApiError => new ApiError(400, "BadRequest", message);

/** 403, also of admission: quota, namespaces that end. */
export const forbidden = (subject: Subject, name: string, why: string, causes: readonly Cause[] = []): ApiError =>
  new ApiError(
    403,
    "Forbidden",
    name === "" ? `${qualified(subject)} is forbidden: ${why}` : `${qualified(subject)} "${name}" is forbidden: ${why}`,
    { ...details(subject, name), ...(causes.length === 0 ? {} : { causes: causes.map((cause) => ({ ...cause })) }) },
  );

/** 405 for a verb that a resource does not have. */
export const methodNotAllowed = (): ApiError =>
  new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});

/** 415 for a Content-Type that is not read here. */
export const unsupportedMediaType = (message: string, details?: JsonObject): ApiError =>
  new ApiError(415, "UnsupportedMediaType", message, details);

/** 413 for more than `mostBytes`. */
export const bodyTooLarge = (mostBytes: number): ApiError =>
  new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${mostBytes}`);

/** 406 with the media types that could be answered. */
export const notAcceptable = (available: readonly string[]): ApiError =>
  new ApiError(406, "NotAcceptable", `406: Not Acceptable\n\nAvailable representations: ${available.join(", ")}`, {});

/** 410: the history no longer reaches back that far; clients list again. */
export const expired = (message: string): ApiError => new ApiError(410, "Expired", message);

/** 504 for a version that is not there yet; clients ask again. */
export const tooLargeResourceVersion = (asked: number, current: number): ApiError =>
  new ApiError(504, "Timeout", `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });

/** 422 with one sentence per cause, joined as Go joins an error list. */
export function invalid(subject: Subject, name: string, causes: readonly Cause[]): ApiError {
  const sentences = [...new Set(causes.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`)))];
  const text = sentences.length === 1 ? sentences[0] : `[${sentences.join(", ")}]`;
  return new ApiError(422, "Invalid", `${qualifiedKind(subject)} "${name}" is invalid: ${text}`, {
    ...(name === "" ? {} : { name }),
    ...(subject.group === "" ? {} : { group: subject.group }),
    ...(subject.kind === "" ? {} : { kind: subject.kind }),
    causes: causes.map(({ reason, message, field }) => ({ reason, message, field })),
  });
}

/** 409 of server-side apply, a cause for each field that somebody else owns. */
export const applyConflict = (causes: readonly Cause[], message: string): ApiError =>
  new ApiError(409, "Conflict", message, {
    causes: causes.map(({ reason, message: text, field }) => ({ reason, message: text, field })),
  });
