/**
 * The runtime under load, compared with lower bounds: batching on and off, saturation and the bare engine, health checks and
 * refusals while a model is saturated, health checks during large predictions, gRPC and a bare server, numbers in JSON and
 * JSON.parse, memory. Takes two or three minutes.
 *
 *     npx node test/bench/runtime-load.ts [--seconds 1] [--rounds 3] [--only batching,saturation,large,grpc,scan]
 */
import { parseArgs } from "node:util";
import { batchingFigures } from "./serving/batching-figures.ts";
import { printFigures } from "./figures.ts";
import { grpcFigures } from "./serving/grpc-figures.ts";
import { largeFigures } from "./serving/large-figures.ts";
import { saturationFigures } from "./serving/saturation-figures.ts";
import { scanFigures } from "./serving/scan-figures.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "1" },
    rounds: { type: "string", default: "3" },
    only: { type: "string" },
  },
});
const length = { seconds: Number(values.seconds), rounds: Number(values.rounds) };
const parts = {
  scan: scanFigures,
  batching: batchingFigures,
  saturation: saturationFigures,
  large: largeFigures,
  grpc: grpcFigures,
} as const;

for (const [name, figures] of Object.entries(parts)) {
  if (values.only === undefined || values.only.split(",").includes(name)) printFigures(await figures(length));
}
