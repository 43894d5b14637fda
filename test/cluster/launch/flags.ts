import { join } from "node:path";

/** The folder and addresses of a control plane. */
export interface Site {
  readonly folder: string;
  /** Address on which the API server listens. */
  readonly address: string;
  readonly port: number;
  /** CIDR of the Service addresses. */
  readonly serviceRange: string;
  /** Path of the API server's audit log; undefined: none is written. */
  readonly auditLog: string | undefined;
}

/** Address of an API server that only this machine can reach. */
export const loopback = "127.0.0.1";

/** Audit policy that records user, verb and URL of each request, never a body. */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
`;

/** Flags of etcd on unix sockets: no port conflicts, and the folder's mode keeps other users out. */
export function etcdFlags({ folder }: Site): string[] {
  const client = `unix://${join(folder, "etcd.sock")}`;
  const peer = `unix://${join(folder, "peer.sock")}`;
  return [
    "--name=test",
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=test=${peer}`,
    "--log-level=warn",
    // The data never outlives the run.
    "--unsafe-no-fsync",
  ];
}

/** Flags of kube-apiserver, with the authorization and admission of a real cluster. */
export function apiServerFlags({ folder, address, port, serviceRange, auditLog }: Site): string[] {
  const path = (file: string) => join(folder, file);
  return [
    `--etcd-servers=unix://${path("etcd.sock")}`,
    `--bind-address=${address}`,
    `--secure-port=${port}`,
    // The API server refuses to advertise a loopback address as the endpoint of its own Service.
    ...(address === loopback ? ["--endpoint-reconciler-type=none"] : [`--advertise-address=${address}`]),
    `--service-cluster-ip-range=${serviceRange}`,
    `--tls-cert-file=${path("apiserver.crt")}`,
    `--tls-private-key-file=${path("apiserver.key")}`,
    `--client-ca-file=${path("ca.crt")}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${path("service-account.pub")}`,
    `--service-account-signing-key-file=${path("service-account.key")}`,
    `--kubelet-certificate-authority=${path("ca.crt")}`,
    `--kubelet-client-certificate=${path("apiserver-kubelet-client.crt")}`,
    `--kubelet-client-key=${path("apiserver-kubelet-client.key")}`,
    "--kubelet-preferred-address-types=InternalIP",
    `--requestheader-client-ca-file=${path("front-proxy-ca.crt")}`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${path("front-proxy-client.crt")}`,
    `--proxy-client-key-file=${path("front-proxy-client.key")}`,
    // Without kube-proxy, webhooks and aggregated APIs are only reachable at their endpoints.
    "--enable-aggregator-routing=true",
    "--allow-privileged=true",
    ...(auditLog === undefined
      ? []
      : [`--audit-policy-file=${path("audit-policy.yaml")}`, `--audit-log-path=${auditLog}`]),
  ];
}

// At the default of 20 requests per second the controllers take 5 s longer to start.
const unthrottled = ["--kube-api-qps=1000", "--kube-api-burst=2000"];
const singleWithoutPort = ["--leader-elect=false", "--secure-port=0"];

/** Flags of kube-controller-manager, each controller with its own service account as in a real cluster. */
export function controllerManagerFlags({ folder }: Site): string[] {
  const path = (file: string) => join(folder, file);
  return [
    `--kubeconfig=${path("controller-manager.kubeconfig")}`,
    "--use-service-account-credentials=true",
    `--root-ca-file=${path("ca.crt")}`,
    `--service-account-private-key-file=${path("service-account.key")}`,
    `--cluster-signing-cert-file=${path("ca.crt")}`,
    `--cluster-signing-key-file=${path("ca.key")}`,
    ...singleWithoutPort,
    ...unthrottled,
  ];
}

/** Flags of kube-scheduler. */
export function schedulerFlags({ folder }: Site): string[] {
  return [`--kubeconfig=${join(folder, "scheduler.kubeconfig")}`, ...singleWithoutPort, ...unthrottled];
}
