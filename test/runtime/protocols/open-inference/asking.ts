import type { Protocol, ProtocolAnswer } from "../../../../runtime/protocols/protocol.ts";

interface Asked {
  readonly method?: string;
  readonly target: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Ways to ask a protocol and see its answer. */
export interface Asking {
  readonly answerTo: (asked: Asked) => Promise<ProtocolAnswer>;
  /** Status and body as one text. */
  readonly answered: (asked: Asked) => Promise<string>;
  /** Asks a model for an inference; `blob` is binary data (hex) behind the JSON. */
  readonly infer: (model: string, body: string, blob?: string) => Promise<string>;
}

export function askingOf(protocol: Protocol): Asking {
  const answerTo = ({ method = "POST", target, body = "", headers = {} }: Asked): Promise<ProtocolAnswer> => {
    const { signal } = new AbortController();
    return protocol.answer({ method, target, headers, body: Buffer.from(body), signal, deadline: Infinity });
  };
  const answered = async (asked: Asked): Promise<string> => {
    const { status, body } = await answerTo(asked);
    return `${status} ${Buffer.from(body).toString()}`;
  };
  const infer = (model: string, body: string, blob = ""): Promise<string> => {
    const bytes = Buffer.concat([Buffer.from(body), Buffer.from(blob, "hex")]);
    const headers = blob === "" ? {} : { "inference-header-content-length": String(Buffer.byteLength(body)) };
    return answered({ target: `/v2/models/${model}/infer`, body: bytes, headers });
  };
  return { answerTo, answered, infer };
}

/** The answer to a request that is not valid. */
export function refusal(error: string): string {
  return `400 ${JSON.stringify({ error })}`;
}

/** One input `x` of an identity model, with these fields beside its name. */
export function x(fields: string, rest = ""): string {
  return `{"inputs":[{"name":"x",${fields}}]${rest}}`;
}

export const float = '"datatype":"FP32","shape":[1,2]';
