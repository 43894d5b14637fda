/** What one model asks of devices that it shares with others. */
export interface Claim {
  /** `<namespace>/<name>` of the ModelDeployment. */
  readonly key: string;
  /** Devices of each replica. */
  readonly devices: number;
  /** Replicas that its own policy wants, between its min and max. */
  readonly wanted: number;
  /** Of these, the replicas that the present load needs; the rest is kept for what may come. */
  readonly needed: number;
  /** Fewest replicas that its spec allows. */
  readonly min: number;
  /** What a late request is worth, in seconds of one replica. */
  readonly kappa: number;
  /** Replicas that have devices, those that are just starting or ending included. */
  readonly placed: number;
  /** Seconds that its oldest request has waited; 0 when none waits. */
  readonly oldestWait: number;
  /** Seconds since a request of its last arrived, ran or waited. */
  readonly idleSeconds: number;
  /** Seconds since it was last given a replica that others wanted too; undefined: never. */
  readonly heldSeconds?: number | undefined;
  /** Seconds that a replica takes to start. */
  readonly startSeconds: number;
}

/** Replicas that a model gets of what there is. */
export interface Award {
  readonly replicas: number;
  /** Why not all that it wants, a sentence; undefined when it gets all. */
  readonly why?: string | undefined;
}
