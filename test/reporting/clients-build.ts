// Installs the clients of the runtime's protocols while tests run, at low priority so that it does not distort test times.
import { constants, setPriority } from "node:os";

import { grpcurlProgram, whyNoGrpcurl } from "../integration/clients/grpcurl.ts";
import { pythonClients } from "../integration/clients/python-clients.ts";

setPriority(constants.priority.PRIORITY_LOW);
await pythonClients();
if (whyNoGrpcurl() === undefined) await grpcurlProgram();
