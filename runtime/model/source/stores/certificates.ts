import { Fault } from "../../../base/fault.ts";
import { faults } from "../faults.ts";

/** What Node says of certificates, by its codes: those of OpenSSL's checks, and of a name that does not fit. */
const codes =
  /^(?:ERR_TLS_CERT_ALTNAME_INVALID|CERT_\w+|\w+_(?:CERT|CERT_LOCALLY|CERT_IN_CHAIN|LEAF_SIGNATURE|CERT_CHAIN_TOO_LONG))$/;
const trustRemedy = "mount its authority's certificate and name the file in NODE_EXTRA_CA_CERTS";
const remedies: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "the server needs a new one",
  CERT_NOT_YET_VALID: "check the clocks of the server and of the node",
  ERR_TLS_CERT_ALTNAME_INVALID: "give a host name that the certificate is for",
};
const maxCauses = 8;

/** The Fault of a connection that was given up for the server's certificate; each client wraps it in its own way. */
export function certificateFault(shown: string, thrown: unknown): Fault | undefined {
  let error = thrown;
  for (let depth = 0; depth < maxCauses && error instanceof Error; depth++) {
    const code = "code" in error ? error.code : undefined;
    if (typeof code === "string" && codes.test(code)) {
      // After a semicolon Node names flags of its own.
      const [reason = ""] = error.message.split(";");
      return faults.CertificateRefused({ url: shown, reason, remedy: remedies[code] ?? trustRemedy }, thrown);
    }
    error = error instanceof AggregateError ? error.errors[0] : error.cause;
  }
  return undefined;
}
