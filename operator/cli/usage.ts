import { generators } from "../autoscale/simulator/generators.ts";
import { ports } from "../../runtime/contract/ports.ts";
import { annotations } from "../model-deployment/resources/labels.ts";

const clusterFlags = `  -n, --namespace NS  its namespace (default: default; of status: all)
  --kubeconfig FILE   cluster to ask (default: local mode when it runs, else kubectl's)
  --api-port PORT     port of local mode's API server (default 8001)`;

/** What `modelwright COMMAND --help` prints, by command. */
export const usage: Readonly<Record<string, string>> = {
  start: `modelwright start [MODEL] [-f FILE|FOLDER]… [flags]: serve models on this machine

  MODEL               a model file (.h5, .keras) to serve; nothing: the digits example
  -f, --filename      manifest file or folder; may be given several times; edits are followed
  --rest-port PORT    REST of all models (default ${ports.rest})
  --grpc-port PORT    gRPC of all models (default ${ports.grpc})
  --api-port PORT     API server for kubectl (default 8001)
  --page-port PORT    page with models and their conditions (default 8080)
  --volume CLAIM=FOLDER   folder that stands for a PersistentVolumeClaim; may be given several times
  --data FOLDER       kubeconfig, logs and pod volumes (default: the user's state folder)
  --log-level LEVEL   debug, info, warn, error or silent (default warn)

  npm start -- digits.keras
  npm start -- -f manifests/`,
  serve: `modelwright serve PATH|--repository FOLDER|--config FILE [flags]: the runtime alone, without an operator

  PATH                a model: a file, a SavedModel or tfjs folder, or a folder of numbered versions
  --repository FOLDER a folder of models, each with numbered versions; changes are followed
  --config FILE       TensorFlow Serving's model_config_list, as text or JSON; edits are followed
  --name NAME         name of the model at PATH (default: as the file is called)
  --version NUMBER    version of the model at PATH, where it has no numbered folder (default 1)
  --versions POLICY   of numbered versions: latest, latest:COUNT, all or specific:NUMBER,NUMBER… (default latest)
  --engine ENGINE     Auto, TensorFlowJs, OnnxRuntime or TensorFlow (default Auto)
  --threads NUMBER    threads of each model (default: as many as the machine allows; 1 for many models)
  --http-port PORT    REST (default ${ports.rest})
  --grpc-port PORT    gRPC (default ${ports.grpc})
  --admin-port PORT   health, metrics and facts (default ${ports.admin})
  --host ADDRESS      address to listen on (default 0.0.0.0)
  --model-control     let clients load and unload models
  --server-name NAME  what the server calls itself (default modelwright)
  --poll-interval T   how often folders and files are looked at, as 1s; 0s: once (default 1s)
  --serving JSON      batching, limits, warm-up and logging, as spec.serving of a ModelDeployment
  --log-level LEVEL   debug, info, warn, error or silent (default warn)

  npx modelwright serve models/digits.keras
  npx modelwright serve --repository models/`,
  plan: `modelwright plan -f FILE [--against SNAPSHOT]: show what the operator would do, and why

  -f, --filename      manifest file or folder
  --against SNAPSHOT  state to begin from (JSON); nothing: an empty cluster`,
  validate: `modelwright validate -f FILE|FOLDER: check manifests as the API server would

  -f, --filename      manifest file or folder; may be given several times`,
  simulate: `modelwright simulate -f FILE --trace FILE|GENERATOR[:SEED] [flags]: replay requests against spec.autoscaling and the known autoscalers

  -f, --filename      manifest of a ModelDeployment with spec.autoscaling
  --trace TRACE       a trace (JSON, also gzip), or ${Object.keys(generators).join(", ")} with a seed
  --cold-start T      from creation of a pod to ready, as 2m (default 60s)
  --slowdown G        each request that runs beside another makes it slower by this share (default 0)
  --svg FILE          write a plot of late requests over replica hours

  npx modelwright simulate -f model.yaml --trace switching:7 --cold-start 2m --svg plot.svg`,
  policy: `modelwright policy [-f FILE]: answer samples on standard input with numbers of replicas, one JSON line each

  -f, --filename      manifest of a ModelDeployment with spec.autoscaling

  {"init":{"slots":8,"min":0,"max":40,"coldStartSeconds":120,"kappa":20,"lateAfterSeconds":2}}
  {"now":17,"samples":{"arrivals":3,"completions":2,"serviceSeconds":11.2,"inFlight":9,"queued":1,"oldestWait":0.4,
   "ready":1,"pending":1,"draining":0,"coldStarts":[]},"current":2}
  {"end":true}`,
  status: `modelwright status [NAME] [flags]: show ModelDeployments with revisions, pods, rollout and conditions

  NAME                only this one
  -w, --watch         go on and show every change, until Ctrl-C or, with NAME, until its rollout has ended
                      or needs somebody; the exit status tells whether it is ready
${clusterFlags}`,
  dashboard: `modelwright dashboard [flags]: show the page with models and rollouts for a cluster, with buttons

  --page-port PORT    where, on 127.0.0.1 (default 8080)
${clusterFlags}`,
  history: `modelwright history NAME [flags]: list the revisions of a ModelDeployment

  NAME                name of the ModelDeployment
${clusterFlags}`,
  promote: `modelwright promote NAME [--full] [flags]: let a rollout that waits go on

  NAME                name of the ModelDeployment
  --full              skip all steps that are left, pauses and analyses; pods must still be ready
${clusterFlags}`,
  abort: `modelwright abort NAME [flags]: give all requests back to the stable revision and end the rollout

  NAME                name of the ModelDeployment
${clusterFlags}`,
  retry: `modelwright retry NAME [flags]: roll out again what failed or was aborted

  NAME                name of the ModelDeployment
${clusterFlags}`,
  pause: `modelwright pause NAME [flags]: keep a rollout where it is, until modelwright resume

  NAME                name of the ModelDeployment
${clusterFlags}`,
  resume: `modelwright resume NAME [flags]: let a rollout go on that modelwright pause keeps

  NAME                name of the ModelDeployment
${clusterFlags}`,
  restart: `modelwright restart NAME [flags]: make all pods anew, as a rollout with its steps

  NAME                name of the ModelDeployment
  for a model file, Secret or runtime image that changed under the same name; the same as another value of the
  annotation ${annotations.restart}
${clusterFlags}`,
};

/** What `modelwright --help` prints. */
export const generalUsage = `modelwright: model deployments on Kubernetes or on this machine

${Object.values(usage)
  .map((text) => `  ${text.split("\n")[0] ?? ""}`)
  .join("\n")}

  modelwright COMMAND --help
  modelwright --version`;
