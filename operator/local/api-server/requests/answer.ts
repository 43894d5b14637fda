import { jsonOf } from "../store/record.ts";
import type { JsonObject } from "../values/json.ts";

/** A whole response. */
export interface BodyAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The object that the body is the JSON of. */
  readonly content?: JsonObject;
}

/** A response that goes on until the server or the client ends it. */
export interface StreamAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The values of the lines that `chunks` are the JSON of, where the lines are JSON. One of both can be read. */
  readonly values?: AsyncIterable<unknown>;
  /** Ends the stream from the client's side. */
  readonly close: () => void;
}

/** What a request is answered with: a body at once, or a watch's chunks as they come. */
export type Answer = BodyAnswer | StreamAnswer;

/** Whether an answer is a watch. */
export const isStream = (answer: Answer): answer is StreamAnswer => "chunks" in answer;

/** A JSON response. `warnings` become Warning headers as kubectl prints them. */
export function jsonAnswer(status: number, text: string, warnings: readonly string[] = []): BodyAnswer {
  return { status, headers: jsonHeaders(warnings), body: `${text}\n` };
}

const plainHeaders = { "content-type": "application/json", "cache-control": "no-cache, private" };

const jsonHeaders = (warnings: readonly string[]): Readonly<Record<string, string>> =>
  warnings.length === 0
    ? plainHeaders
    : { ...plainHeaders, warning: warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(", ") };

/** A response of one object, whose JSON is made when somebody reads it. */
export function objectAnswer(status: number, content: JsonObject, warnings: readonly string[] = []): BodyAnswer {
  return {
    status,
    headers: jsonHeaders(warnings),
    get body() {
      return `${jsonOf(content)}\n`;
    },
    content,
  };
}

/** A `Status` object as an answer, with its own code as that of HTTP (200 without one). */
export const statusAnswer = (status: JsonObject): BodyAnswer => {
  const code = typeof status["code"] === "number" ? status["code"] : 200;
  return jsonAnswer(code, JSON.stringify(status));
};

/** Plain text as an answer: health, versions, what is not of the API. */
export const textAnswer = (status: number, body: string, contentType = "text/plain; charset=utf-8"): BodyAnswer => ({
  status,
  headers: { "content-type": contentType },
  body,
});
