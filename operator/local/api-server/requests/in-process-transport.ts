import type { KubeRequest, KubeResponse, KubeStream, Transport } from "../../../kube/transport.ts";
import { isStream, type ApiResponse, type StreamResponse } from "./response.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A transport that calls the server directly. Requests are served synchronously, in call order. */
export function inProcessTransport(answer: (request: KubeRequest) => ApiResponse, onClose: () => void): Transport {
  const streams = new Set<StreamResponse>();
  return {
    sharesMemory: true,
    send: async (request): Promise<KubeResponse> => {
      const response = answer(request);
      return isStream(response) ? wholeResponse(response) : response;
    },
    open: async (request): Promise<KubeStream> => {
      const response = answer(request);
      if (!isStream(response)) return { ...response, chunks: oneChunk(response.body), close: () => {} };
      streams.add(response);
      const close = (): void => {
        streams.delete(response);
        response.close();
      };
      request.signal?.addEventListener("abort", close, { once: true });
      return { ...response, close };
    },
    close: async () => {
      for (const stream of streams) stream.close();
      streams.clear();
      onClose();
    },
  };
}

async function wholeResponse({ status, headers, chunks }: StreamResponse): Promise<KubeResponse> {
  let body = "";
  for await (const chunk of chunks) body += decoder.decode(chunk, { stream: true });
  return { status, headers, body };
}

async function* oneChunk(body: string): AsyncGenerator<Uint8Array> {
  yield encoder.encode(body);
}
