import type { JsonObject } from "../values/json.ts";

/** A whole response. */
export interface BodyAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A response that goes on until the server or the client ends it. */
export interface StreamAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Ends the stream from the client's side. */
  readonly close: () => void;
}

export type Answer = BodyAnswer | StreamAnswer;

export const isStream = (answer: Answer): answer is StreamAnswer => "chunks" in answer;

/** A JSON response. `warnings` become Warning headers as kubectl prints them. */
export function jsonAnswer(status: number, text: string, warnings: readonly string[] = []): BodyAnswer {
  return {
    status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-cache, private",
      ...(warnings.length === 0 ? {} : { warning: warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(", ") }),
    },
    body: `${text}\n`,
  };
}

export const statusAnswer = (status: JsonObject): BodyAnswer => {
  const code = typeof status["code"] === "number" ? status["code"] : 200;
  return jsonAnswer(code, JSON.stringify(status));
};

export const textAnswer = (status: number, body: string, contentType = "text/plain; charset=utf-8"): BodyAnswer => ({
  status,
  headers: { "content-type": contentType },
  body,
});
