import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../../../runtime/contract/environment.ts";
import { builtRuntime } from "./built-runtime.ts";
import type { Wire } from "./exchange.ts";
import { pythonWith } from "./python.ts";

/** A server that takes part: how it is started, and where it answers which wire. */
export interface Contestant {
  readonly name: string;
  readonly paths: Readonly<Partial<Record<Wire, string>>>;
  /** Answers GET with 200 when it is ready. */
  readonly health: string;
  /** The command; installs what it needs first. Throws when that cannot be had here. */
  readonly command: (place: Place) => Promise<Command>;
}

export interface Place {
  readonly port: number;
  readonly grpcPort: number;
  readonly metricsPort: number;
  readonly model: string;
  /** An empty folder. */
  readonly folder: string;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const here = import.meta.dirname;
const engine = ["onnxruntime==1.23.2", "numpy", "orjson"];

/** Ours, with settings as `spec.serving` has them. */
export function modelwrightWith(serving: object): Contestant {
  return {
    name: "modelwright",
    paths: { rows: "/v1/models/mlp:predict", "v2-json": "/v2/models/mlp/infer", "v2-binary": "/v2/models/mlp/infer" },
    health: "/v2/health/ready",
    command: async ({ port, grpcPort, model }) => {
      const runtime = await builtRuntime();
      const ports = ["--http-port", String(port), "--grpc-port", String(grpcPort), "--admin-port", "0"];
      const args = ["serve", model, "--name", "mlp", "--host", "127.0.0.1", ...ports, "--threads", "1"];
      return {
        program: process.execPath,
        args: [...runtime.args, ...args, "--log-level", "error"],
        env: { ...runtime.env, [environment.serving]: JSON.stringify(serving) },
      };
    },
  };
}

/** Ours as it comes. */
export const modelwright = modelwrightWith({});

/** Node's HTTP server that reads a body and answers with a fixed text: what no server on it can do without. */
export const nodeEcho: Contestant = {
  name: "node:http echo",
  paths: { rows: "/", "v2-json": "/", "v2-binary": "/" },
  health: "/",
  command: ({ port }) =>
    Promise.resolve({ program: process.execPath, args: [join(here, "echo-server.ts"), String(port)] }),
};

interface PythonServer extends Omit<Contestant, "command"> {
  /** File in `peers`. */
  readonly script: string;
  readonly packages: readonly string[];
}

function python({ script, packages, ...contestant }: PythonServer): Contestant {
  const { name } = contestant;
  return {
    ...contestant,
    command: async ({ port, grpcPort, metricsPort, model }) => ({
      program: await pythonWith(name, [...packages, ...engine]),
      args: [
        join(here, "peers", script),
        ...(name === "mosec" ? ["--port", String(port), "--address", "127.0.0.1"] : []),
      ],
      env: { PORT: String(port), GRPC_PORT: String(grpcPort), METRICS_PORT: String(metricsPort), MODEL: model },
    }),
  };
}

/** The peers, each as its own documentation sets it up. */
export const peers: readonly Contestant[] = [
  python({
    name: "mosec",
    script: "mosec_server.py",
    packages: ["mosec==0.9.8"],
    paths: { rows: "/inference", raw: "/inference" },
    health: "/",
  }),
  python({
    name: "FastAPI",
    script: "fastapi_server.py",
    packages: ["fastapi", "uvicorn", "uvloop", "httptools"],
    paths: { rows: "/v1/models/mlp:predict" },
    health: "/healthz",
  }),
  python({
    name: "LitServe",
    script: "litserve_server.py",
    packages: ["litserve"],
    paths: { rows: "/predict" },
    health: "/health",
  }),
  python({
    name: "KServe",
    script: "kserve_server.py",
    packages: ["kserve"],
    paths: { rows: "/v1/models/mlp:predict" },
    health: "/v2/health/ready",
  }),
  {
    name: "MLServer",
    paths: { "v2-json": "/v2/models/mlp/infer" },
    health: "/v2/health/ready",
    command: async ({ port, grpcPort, metricsPort, model, folder }) => {
      const program = await pythonWith("MLServer", ["mlserver", ...engine]);
      const quiet = { debug: false, parallel_workers: 0, metrics_port: metricsPort, grpc_port: grpcPort };
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "settings.json"), JSON.stringify({ http_port: port, host: "127.0.0.1", ...quiet }));
      const settings = { name: "mlp", implementation: "mlserver_model.Model" };
      await writeFile(join(folder, "model-settings.json"), JSON.stringify(settings));
      for (const file of ["session.py", "mlserver_model.py"])
        await copyFile(join(here, "peers", file), join(folder, file));
      const start = "from mlserver.cli import main; main()";
      return {
        program,
        args: ["-c", start, "start", folder],
        env: { PYTHONPATH: folder, MODEL: model },
      };
    },
  },
  python({
    name: "PyTriton",
    script: "pytriton_server.py",
    packages: ["nvidia-pytriton"],
    paths: { "v2-json": "/v2/models/mlp/infer", "v2-binary": "/v2/models/mlp/infer" },
    // Its stub for Python models works with Debian's Python 3.11 only: elsewhere the model never gets ready.
    health: "/v2/models/mlp/ready",
  }),
];
