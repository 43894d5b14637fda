import { spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";

/** A headless Chromium with one tab, controlled by the DevTools protocol. */
export interface Browser {
  open(url: string): Promise<void>;
  /** The JSON value of an expression in the page. */
  value(expression: string): Promise<unknown>;
  /** Runs an expression that loads another page, and waits until it is loaded. */
  follow(expression: string): Promise<void>;
  /** A PNG of the whole page. */
  screenshot(): Promise<Buffer>;
  close(): Promise<void>;
}

const names = ["chromium", "chromium-browser", "google-chrome"];
const startMs = 60_000;

/** Path of an installed Chromium; undefined where there is none. */
export function chromium(path = process.env["PATH"] ?? ""): string | undefined {
  const candidates = path.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  return candidates.find(isExecutable);
}

/** Starts Chromium, which ends with `close` or with this process. */
export async function startBrowser(executable: string): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), "modelwright-browser-"));
  // Chromium has no sandbox for root, and containers have a small /dev/shm.
  const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
  const child = spawn(
    executable,
    [...flags, "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"],
    {
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    },
  );
  const killed = (): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, "SIGKILL");
  };
  process.once("exit", killed);
  const ended = new Promise((resolve) => child.once("close", resolve));
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error("Chromium opens no DevTools")), startMs);
  createInterface({ input: child.stderr }).on("line", (line) => {
    const [, endpoint] = /^DevTools listening on (ws:\S+)/.exec(line) ?? [];
    if (endpoint !== undefined) resolve(endpoint);
  });
  const close = async (): Promise<void> => {
    clearTimeout(timer);
    killed();
    await ended;
    process.removeListener("exit", killed);
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const { port } = new URL(await promise);
    return { ...(await tab(port)), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** Connects to the tab that Chromium opens at its start. */
async function tab(port: string): Promise<Omit<Browser, "close">> {
  const targets = await fetch(`http://127.0.0.1:${port}/json/list`);
  const pages = (await targets.json()) as readonly { type: string; webSocketDebuggerUrl: string }[]; // DevTools' HTTP API
  const socket = new WebSocket(pages.find(({ type }) => type === "page")?.webSocketDebuggerUrl ?? "");
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true });
    socket.addEventListener("error", reject, { once: true });
  });
  const waiting = new Map<number, PromiseWithResolvers<Reply["result"]>>();
  const loads = new Set<() => void>();
  socket.addEventListener("message", ({ data }) => {
    const { id, method, result, error } = JSON.parse(String(data)) as Reply; // DevTools protocol
    if (method === "Page.loadEventFired") for (const loaded of loads) loaded();
    const pending = id === undefined ? undefined : waiting.get(id);
    if (error === undefined) pending?.resolve(result);
    else pending?.reject(new Error(error.message));
  });
  let last = 0;
  const call = async (method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> => {
    last += 1;
    const pending = Promise.withResolvers<Reply["result"]>();
    waiting.set(last, pending);
    socket.send(JSON.stringify({ id: last, method, params }));
    return (await pending.promise) ?? {};
  };
  const loaded = async (navigate: () => Promise<unknown>): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    loads.add(resolve);
    await navigate();
    await promise;
    loads.delete(resolve);
  };
  const evaluated = async (expression: string): Promise<unknown> => {
    const { result } = await call("Runtime.evaluate", { expression, returnByValue: true });
    return typeof result === "object" && result !== null && "value" in result ? result.value : undefined;
  };
  await call("Page.enable");
  return {
    open: (url) => loaded(() => call("Page.navigate", { url })),
    follow: (expression) => loaded(() => evaluated(expression)),
    value: evaluated,
    screenshot: async () => {
      const { data } = await call("Page.captureScreenshot", { captureBeyondViewport: true });
      return Buffer.from(String(data), "base64");
    },
  };
}
