import { join } from "node:path";

/** Where one control plane lives. */
export interface Site {
  readonly folder: string;
  /** Where the API server listens. */
  readonly address: string;
  readonly port: number;
  /** CIDR of the Services' addresses. */
  readonly serviceRange: string;
  /** Where the API server writes its audit log; none is written without it. */
  readonly auditLog: string | undefined;
}

/** An API server that only this machine reaches. */
export const loopback = "127.0.0.1";

/** Audit policy that records who asked for what, never a body. */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
`;

/** etcd on unix sockets: no port to clash on, and the folder's mode keeps other users out. */
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

/** kube-apiserver with the authorization and admission of a real cluster. */
export function apiServerFlags({ folder, address, port, serviceRange, auditLog }: Site): string[] {
  const path = (file: string) => join(folder, file);
  return [
    `--etcd-servers=unix://${path("etcd.sock")}`,
    `--bind-address=${address}`,
    `--secure-port=${port}`,
    // The API server refuses to advertise a loopback address as endpoint of its own Service.
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
    // Webhooks and aggregated APIs are reached at their endpoints: there is no kube-proxy.
    "--enable-aggregator-routing=true",
    "--allow-privileged=true",
    ...(auditLog === undefined
      ? []
      : [`--audit-policy-file=${path("audit-policy.yaml")}`, `--audit-log-path=${auditLog}`]),
  ];
}

// At the default of 20 requests per second the controllers take 5 s longer to start.
const unthrottled = ["--kube-api-qps=1000", "--kube-api-burst=2000"];
const aloneAndPortless = ["--leader-elect=false", "--secure-port=0"];

/** kube-controller-manager, each controller with its own service account as in a real cluster. */
export function controllerManagerFlags({ folder }: Site): string[] {
  const path = (file: string) => join(folder, file);
  return [
    `--kubeconfig=${path("controller-manager.kubeconfig")}`,
    "--use-service-account-credentials=true",
    `--root-ca-file=${path("ca.crt")}`,
    `--service-account-private-key-file=${path("service-account.key")}`,
    `--cluster-signing-cert-file=${path("ca.crt")}`,
    `--cluster-signing-key-file=${path("ca.key")}`,
    ...aloneAndPortless,
    ...unthrottled,
  ];
}

/** kube-scheduler. */
export function schedulerFlags({ folder }: Site): string[] {
  return [`--kubeconfig=${join(folder, "scheduler.kubeconfig")}`, ...aloneAndPortless, ...unthrottled];
}
