/** So many replicas, and why. */
export interface Bid {
  readonly replicas: number;
  readonly why: string;
}

const nothing: Bid = { replicas: 0, why: "no requests" };

/** The bid for the most replicas, the first of equals. */
export function winner(bids: readonly Bid[]): Bid {
  return bids.reduce((best, bid) => (bid.replicas > best.replicas ? bid : best), nothing);
}
