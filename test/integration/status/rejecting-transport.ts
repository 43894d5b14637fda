import type { KubeRequest, Transport } from "../../../operator/kube/transport.ts";

/** An error of the API server: a `Status` with code 403. */
export interface Refusal {
  readonly message: string;
  readonly causes?: readonly { readonly reason: string; readonly message: string; readonly field: string }[];
}

/** A transport that rejects the requests for which `refusalOf` returns an error. */
export function refusingTransport(
  transport: Transport,
  refusalOf: (request: KubeRequest) => Refusal | undefined,
): Transport {
  return {
    async send(request) {
      const refusal = refusalOf(request);
      if (refusal === undefined) return transport.send(request);
      const { message, causes } = refusal;
      const status = {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Failure",
        reason: "Forbidden",
        message,
      };
      const body = JSON.stringify({ ...status, ...(causes === undefined ? {} : { details: { causes } }), code: 403 });
      return { status: 403, headers: { "content-type": "application/json" }, body };
    },
    open: (request) => transport.open(request),
    close: () => transport.close(),
  };
}
