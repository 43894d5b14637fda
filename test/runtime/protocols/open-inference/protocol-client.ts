import type { Protocol, ProtocolResponse } from "../../../../runtime/protocols/protocol.ts";

interface Request {
  readonly method?: string;
  readonly target: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A client that calls a protocol directly. */
export interface ProtocolClient {
  readonly send: (request: Request) => Promise<ProtocolResponse>;
  /** Returns status and body as one string. */
  readonly exchange: (request: Request) => Promise<string>;
  /** Sends an infer request; `blob` is binary data (hex) after the JSON. */
  readonly infer: (model: string, body: string, blob?: string) => Promise<string>;
}

export function protocolClient(protocol: Protocol): ProtocolClient {
  const send = ({ method = "POST", target, body = "", headers = {} }: Request): Promise<ProtocolResponse> => {
    const { signal } = new AbortController();
    return protocol.answer({ method, target, headers, body: Buffer.from(body), signal, deadline: Infinity });
  };
  const exchange = async (request: Request): Promise<string> => {
    const { status, body } = await send(request);
    return `${status} ${Buffer.from(body).toString()}`;
  };
  const infer = (model: string, body: string, blob = ""): Promise<string> => {
    const bytes = Buffer.concat([Buffer.from(body), Buffer.from(blob, "hex")]);
    const headers = blob === "" ? {} : { "inference-header-content-length": String(Buffer.byteLength(body)) };
    return exchange({ target: `/v2/models/${model}/infer`, body: bytes, headers });
  };
  return { send, exchange, infer };
}

/** The response to an invalid request. */
export function refusal(error: string): string {
  return `400 ${JSON.stringify({ error })}`;
}

/** One input `x` of an identity model, with these fields beside its name. */
export function x(fields: string, rest = ""): string {
  return `{"inputs":[{"name":"x",${fields}}]${rest}}`;
}

export const float = '"datatype":"FP32","shape":[1,2]';
