import { Fault } from "../../../base/fault.ts";
import { faults } from "../faults.ts";

/** Node's error codes for certificates: those of OpenSSL's verification, and that of a host name mismatch. */
const codes =
  /^(?:ERR_TLS_CERT_ALTNAME_INVALID|CERT_\w+|\w+_(?:CERT|CERT_LOCALLY|CERT_IN_CHAIN|LEAF_SIGNATURE|CERT_CHAIN_TOO_LONG))$/;
const trustRemedy = "mount its authority's certificate and name the file in NODE_EXTRA_CA_CERTS";
const remedies: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "the server needs a new one",
  CERT_NOT_YET_VALID: "check the clocks of the server and of the node",
  ERR_TLS_CERT_ALTNAME_INVALID: "give a host name that the certificate is for",
};
const maxCauses = 8;

/** The Fault of a failed certificate check, found among the causes of an error: each client library wraps it differently. */
export function certificateFault(displayUrl: string, thrown: unknown): Fault | undefined {
  let error = thrown;
  for (let depth = 0; depth < maxCauses && error instanceof Error; depth++) {
    const code = "code" in error ? error.code : undefined;
    if (typeof code === "string" && codes.test(code)) {
      // After a semicolon Node suggests its own command-line flags.
      const [reason = ""] = error.message.split(";");
      return faults.CertificateRefused({ url: displayUrl, reason, remedy: remedies[code] ?? trustRemedy }, thrown);
    }
    error = error instanceof AggregateError ? error.errors[0] : error.cause;
  }
  return undefined;
}
