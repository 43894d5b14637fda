// Runs a control plane by hand: `node test/cluster/main.ts`. With the line it prints, test runs share
// this one and skip the start.
import { once } from "node:events";

import { startControlPlane } from "./control-plane.ts";

const plane = await startControlPlane();
process.stdout.write(`export MODELWRIGHT_CONTROL_PLANE=${plane.kubeconfigPath}\n`);
const held = setInterval(() => {}, 60_000);
await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
clearInterval(held);
await plane.stop();
