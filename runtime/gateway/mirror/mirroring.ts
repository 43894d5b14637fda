import type { Clock } from "../../base/clock.ts";
import { noMirrorFigures } from "../../contract/figures.ts";
import type { MirrorCounts, RevisionCounts } from "../figures/counts.ts";
import type { Ledger } from "../figures/ledger.ts";
import type { Http2Pool } from "../grpc/pods/http2-pool.ts";
import { smallSet } from "../../http2/small-set.ts";
import { heldCount } from "../routing/hold.ts";
import type { LivePod, LiveRevision, LiveRoute } from "../routing/live-route.ts";
import { leastOutstanding, type BalancingParts } from "../routing/load-balancing.ts";
import type { ConnectionPool } from "../upstream/connection-pool.ts";
import { Comparisons } from "./comparisons.ts";
import { CallCopy, type MirroredCall } from "./call-copy.ts";
import { RequestCopy, type CopyTarget } from "./request-copy.ts";

interface MirroringParts extends BalancingParts {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly http1Pool: ConnectionPool;
  readonly http2Pool: Http2Pool;
  /** Called when a pod responds that it is still loading its model. */
  readonly onPodLoading: (live: LiveRoute, pod: LivePod) => void;
  /** The gateway is nearly saturated: clients' requests take precedence. */
  readonly isBusy: () => boolean;
}

/** A copy in flight. */
interface InFlightCopy {
  abort(): void;
}

/** Copies in flight, per model and in total. A mirror that cannot keep up gets fewer copies, not a queue. */
const maxPerModel = 16;
const maxTotal = 64;

/** Mirrors a share of the requests to the revision that a route names, invisibly to clients. */
export class Mirroring {
  readonly #parts: MirroringParts;
  readonly #comparisons: Comparisons;
  readonly #inFlight = smallSet<InFlightCopy>();
  readonly #countByRoute = new Map<LiveRoute, number>();

  constructor(parts: MirroringParts) {
    this.#parts = parts;
    this.#comparisons = new Comparisons(parts.clock);
  }

  /**
   * Starts a copy of a request that was just sent to `revision`; the copy must then be given the client's response. Undefined: this
   * request is not mirrored. Call it once per request, and only where the split chose the revision.
   */
  copyRequest(live: LiveRoute, revision: LiveRevision, bytes: Buffer): RequestCopy | undefined {
    const { clock, http1Pool } = this.#parts;
    return this.#start(
      live,
      revision,
      (target) => new RequestCopy(bytes, target, { clock, http1Pool, comparisons: this.#comparisons }),
    );
  }

  /** Starts a copy of a call that `revision` has answered, successfully or not. Call it like `copyRequest`. */
  copyCall(live: LiveRoute, revision: LiveRevision, call: MirroredCall): void {
    const { clock, http2Pool } = this.#parts;
    const comparisons = this.#comparisons;
    this.#start(live, revision, (target) => new CallCopy(call, target, { clock, http2Pool, comparisons }));
  }

  #start<C extends InFlightCopy>(
    live: LiveRoute,
    revision: LiveRevision,
    createCopy: (target: CopyTarget) => C,
  ): C | undefined {
    const { mirror } = live.route;
    if (mirror === undefined || revision.hash === mirror.revision) return undefined;
    live.mirrorPoints += mirror.percent;
    if (live.mirrorPoints < 100) return undefined;
    live.mirrorPoints -= 100;
    const mirroring = live.revisions.find(({ hash }) => hash === mirror.revision);
    const pod = mirroring === undefined ? undefined : leastOutstanding(mirroring.pods, undefined, this.#parts);
    if (mirroring === undefined || pod === undefined) return undefined;
    const counts = mirrorCounts(mirroring.counts);
    const changed = (): void => this.#parts.ledger.changed(live.counts);
    changed();
    if (this.#isOverloaded(live)) {
      counts.dropped += 1;
      return undefined;
    }
    const copy: C = createCopy({
      pod,
      timeoutMs: live.route.timeoutMs,
      tolerance: mirror.compare?.tolerance,
      counts,
      changed,
      onPodLoading: () => this.#parts.onPodLoading(live, pod),
      ended: () => this.#ended(copy, live),
    });
    this.#inFlight.add(copy);
    this.#countByRoute.set(live, (this.#countByRoute.get(live) ?? 0) + 1);
    return copy;
  }

  /** Aborts all copies in flight. */
  close(): void {
    for (const copy of this.#inFlight.all()) copy.abort();
    this.#comparisons.close();
  }

  #ended(copy: InFlightCopy, live: LiveRoute): void {
    if (!this.#inFlight.delete(copy)) return;
    const left = (this.#countByRoute.get(live) ?? 1) - 1;
    if (left === 0) this.#countByRoute.delete(live);
    else this.#countByRoute.set(live, left);
  }

  #isOverloaded(live: LiveRoute): boolean {
    if (this.#inFlight.size >= maxTotal || (this.#countByRoute.get(live) ?? 0) >= maxPerModel) return true;
    return heldCount(live) > 0 || this.#parts.isBusy();
  }
}

function mirrorCounts(counts: RevisionCounts): MirrorCounts {
  counts.mirrored ??= { ...noMirrorFigures, dropped: 0 };
  return counts.mirrored;
}
