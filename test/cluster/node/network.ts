import type { NodeSite } from "../control-plane.ts";

/** Addresses of a node and its cluster; those of different numbers do not overlap. */
export interface NodeNetwork extends NodeSite {
  /** Name of this machine's end of the link to the node. */
  readonly link: string;
  readonly podRange: string;
  readonly dnsAddress: string;
}

/** The network of the node with this number, below 256. */
export function nodeNetwork(number: number): NodeNetwork {
  return {
    name: `node-${number}`,
    link: `modelwright${number}`,
    controlPlaneAddress: `10.231.${number}.1`,
    address: `10.231.${number}.2`,
    podRange: `10.232.${number}.0/24`,
    serviceRange: `10.233.${number}.0/24`,
    kubernetesServiceAddress: `10.233.${number}.1`,
    dnsAddress: `10.233.${number}.10`,
  };
}
