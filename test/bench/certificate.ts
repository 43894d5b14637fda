import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** A key and its certificate, in PEM, for a server on 127.0.0.1. */
export interface ServerIdentity {
  readonly key: string;
  readonly cert: string;
}

const dayMs = 86_400_000;

/**
 * Creates a self-signed certificate that is valid for a day, so that benchmarks can use TLS without a key in the repository. X.509 v3
 * in DER (RFC 5280), ECDSA on P-256 with SHA-256.
 */
export function selfSigned(now: number): ServerIdentity {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(set(sequence(objectId("550403"), element(0x0c, Buffer.from("modelwright")))));
  const algorithm = sequence(objectId("2a8648ce3d040302"));
  const spki = publicKey.export({ type: "spki", format: "der" });
  const keyId = createHash("sha256").update(spki).digest().subarray(0, 20);
  const extensions = sequence(
    extension("551d13", sequence(element(0x01, Buffer.from([0xff])))),
    extension("551d0e", element(0x04, keyId)),
    extension("551d11", sequence(element(0x87, Buffer.from([127, 0, 0, 1])))),
  );
  const body = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    sequence(time(now - dayMs), time(now + dayMs)),
    name,
    spki,
    element(0xa3, extensions),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign("sha256", body, privateKey)]);
  const certificate = sequence(body, algorithm, element(0x03, signature));
  return { key: String(privateKey.export({ type: "pkcs8", format: "pem" })), cert: pem(certificate) };
}

function element(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...members: readonly Uint8Array[]): Buffer {
  return element(0x30, Buffer.concat(members));
}

function set(...members: readonly Uint8Array[]): Buffer {
  return element(0x31, Buffer.concat(members));
}

function objectId(hex: string): Buffer {
  return element(0x06, Buffer.from(hex, "hex"));
}

function extension(id: string, value: Uint8Array): Buffer {
  return sequence(objectId(id), element(0x04, value));
}

/** A UTCTime, such as `300101000000Z`. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]/g, "").slice(2, 14);
  return element(0x17, Buffer.from(`${digits}Z`));
}

function pem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
