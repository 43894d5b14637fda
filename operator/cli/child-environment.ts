/** What programs need of where they run, and what fetches of models need: trust, credentials and proxies, which nothing else uses. */
const kept =
  /^(?:PATH|HOME|LANG|TZ|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|STORAGE_EMULATOR_HOST|HTTPS?_PROXY|NO_PROXY|https?_proxy|no_proxy)$|^(?:AWS|AZURE_STORAGE|GOOGLE|HF)_/;

/** The variables of this process that the pods of local mode get beside their own. */
export function childEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && kept.test(name) ? [[name, value]] : [],
    ),
  );
}
