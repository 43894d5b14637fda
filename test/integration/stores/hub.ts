import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

type Files = Readonly<Record<string, Buffer>>;

/** A model of the Hugging Face Hub with one repository. */
export interface Hub {
  readonly url: string;
  readonly server: Server;
  /** Moves the branch to a new commit with these files. */
  readonly push: (files: Files) => void;
}

/** The API calls of the Hugging Face Hub that a download needs. */
export async function hub(repo: string, first: Files, token: string): Promise<Hub> {
  const commits: Files[] = [first];
  const nameOf = (index: number): string => String(index).padStart(40, "0");
  const filesAt = (revision: string): Files | undefined =>
    revision === "main" ? commits.at(-1) : commits.find((_, index) => nameOf(index) === revision);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://hub");
    if (request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401, { "content-type": "application/json" }).end('{"error":"Invalid username or password."}');
      return;
    }
    const [, call = "", revision = "", rest = ""] =
      new RegExp(`^(?:/api/models)?/${repo}/(revision|tree|resolve)/([^/]+)/?(.*)$`).exec(pathname) ?? [];
    const files = filesAt(revision) ?? {};
    if (call === "revision") {
      const info = { _id: "1", id: repo, sha: nameOf(commits.length - 1), lastModified: "2026-01-01T00:00:00.000Z" };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(info));
      return;
    }
    if (call === "tree") {
      const entries = Object.entries(files).map(([path, bytes]) => ({
        type: "file",
        oid: path,
        path,
        size: bytes.length,
      }));
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(entries));
      return;
    }
    const path = decodeURIComponent(rest);
    sendFile(files[path], path, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  return { url, server, push: (files) => void commits.push(files) };
}

function sendFile(bytes: Buffer | undefined, path: string, request: IncomingMessage, response: ServerResponse): void {
  if (bytes === undefined) {
    response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
    return;
  }
  const [, from = "0", to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const start = Number(from);
  const end = to === undefined || to === "" ? bytes.length - 1 : Math.min(Number(to), bytes.length - 1);
  const part = bytes.subarray(start, end + 1);
  const headers = { etag: `"${path}"`, "content-length": part.length };
  if (request.headers.range === undefined) response.writeHead(200, headers);
  else response.writeHead(206, { ...headers, "content-range": `bytes ${start}-${end}/${bytes.length}` });
  response.end(request.method === "HEAD" ? undefined : part);
}
