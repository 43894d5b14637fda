import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { start } from "../runtime/program.ts";
import { hub } from "./hub.ts";

const model = Buffer.from("weights ".repeat(1_000));
const listing =
  '<?xml version="1.0"?><ListBucketResult><Contents><Key>model.h5</Key><Size>8000</Size></Contents></ListBucketResult>';

/** Hosts that only the proxy can resolve. */
const origins: Record<string, string> = {};
const requested = new Set<string>();
const servers: Server[] = [];
let proxyUrl: string;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelwright-proxies-"));
  const files = await listening(
    createServer((message, response) => response.end(message.url?.includes("list-type") === true ? listing : model)),
  );
  const known = await hub("someone/digits", { "model.h5": model }, "hf_secret");
  servers.push(known.server);
  Object.assign(origins, {
    "models.example": files,
    "s3.example": files,
    "hub.example": known.url,
  });
  proxyUrl = await listening(proxy());
});
beforeEach(() => requested.clear());
afterAll(async () => {
  for (const server of servers) server.close().closeAllConnections();
  await rm(folder, { recursive: true, force: true });
});

async function listening(server: Server): Promise<string> {
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return `http://127.0.0.1:${port}`;
}

/** An HTTP proxy: forwards absolute-form requests and opens CONNECT tunnels to the hosts that it knows. */
function proxy(): Server {
  const server = createServer((message, response) => {
    const { hostname, pathname, search } = new URL(message.url ?? "", "http://none.example");
    requested.add(hostname);
    const onward = request(`${origins[hostname]}${pathname}${search}`, {
      method: message.method,
      headers: message.headers,
    });
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    message.pipe(onward);
  });
  return server.on("connect", ({ url = "" }, client: Socket) => {
    const { hostname, port } = new URL(`http://${url}`);
    requested.add(port === "443" ? `${hostname} by TLS` : hostname);
    const target = new URL(origins[hostname] ?? "");
    const onward = connect(Number(target.port), target.hostname, () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(client).pipe(onward);
    });
    for (const [one, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      one.on("error", () => other.destroy());
    }
  });
}

const s3 = { AWS_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" };

interface Source {
  readonly address: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly requested: string;
  /** Reason logged when the source does not answer. */
  readonly setback: string;
}

const sources: Readonly<Record<string, Source>> = {
  "a web server": {
    address: "http://models.example/model.h5",
    requested: "models.example",
    setback: "source did not deliver; trying again",
  },
  S3: {
    address: "s3://models/model.h5",
    env: { ...s3, AWS_ENDPOINT_URL_S3: "http://s3.example" },
    requested: "s3.example",
    setback: "source did not answer; asking again",
  },
  "the Hugging Face Hub": {
    address: "hf://someone/digits?file=model.h5",
    env: { HF_ENDPOINT: "http://hub.example", HF_TOKEN: "hf_secret" },
    requested: "hub.example",
    setback: "source did not answer; asking again",
  },
};

async function fetched(address: string, target: string, env: Readonly<Record<string, string>>): Promise<number | null> {
  const path = process.env["PATH"] ?? "";
  return (await start(["fetch", address, "--to", target], { PATH: path, ...env }).ended).code;
}

describe.each(Object.entries(sources))("a model of %s", (name, { address, env = {}, requested: host, setback }) => {
  test("is downloaded through the proxy in the environment", async () => {
    const target = join(folder, name);
    expect(await fetched(address, target, { ...env, HTTP_PROXY: proxyUrl })).toBe(0);
    const file = host === "hub.example" ? join(target, "model.h5") : target;
    expect({ requested: [...requested], bytes: await readFile(file) }).toEqual({ requested: [host], bytes: model });
  });

  test("is downloaded over TLS through a tunnel of the proxy", async () => {
    const secure = Object.entries({ ...env, HTTPS_PROXY: proxyUrl }).map(([key, value]) => [
      key,
      value.replace("http://hub", "https://hub").replace("http://s3", "https://s3"),
    ]);
    const target = join(folder, "secure");
    const source = address.replace("http:", "https:");
    const program = start(["fetch", source, "--to", target], Object.fromEntries(secure));
    await program.line(setback); // what it speaks to behind the tunnel knows no TLS
    program.child.kill("SIGKILL");
    expect([...requested]).toEqual([`${host} by TLS`]);
  });
});

test("hosts in NO_PROXY, and this machine, are reached without a proxy", async () => {
  const direct = `${origins["models.example"]}/model.h5`;
  expect(await fetched(direct, join(folder, "direct"), { HTTP_PROXY: proxyUrl })).toBe(0);
  const here = { HTTP_PROXY: proxyUrl, NO_PROXY: "models.example" };
  const program = start(["fetch", "http://models.example/model.h5", "--to", join(folder, "none")], here);
  await program.line("source did not deliver; trying again");
  program.child.kill("SIGKILL");
  expect([...requested]).toEqual([]);
});
