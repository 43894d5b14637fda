import { createServer, type Server } from "node:http";

/** The two calls of the Hugging Face Hub that a download needs, as its public API answers them. */
export async function hub(
  repo: string,
  files: Readonly<Record<string, Buffer>>,
  token: string,
): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://hub");
    if (request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401, { "content-type": "application/json" }).end('{"error":"Invalid username or password."}');
      return;
    }
    if (pathname.startsWith(`/api/models/${repo}/tree/main`)) {
      const entries = Object.entries(files).map(([path, bytes]) => ({
        type: "file",
        oid: path,
        path,
        size: bytes.length,
      }));
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(entries));
      return;
    }
    const path = decodeURIComponent(pathname.slice(`/${repo}/resolve/main/`.length));
    const bytes = files[path];
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
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`, server };
}
