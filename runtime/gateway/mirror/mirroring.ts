import type { Clock } from "../../base/clock.ts";
import type { MirrorCounts, RevisionCounts } from "../figures/counts.ts";
import type { Ledger } from "../figures/ledger.ts";
import type { PodConnections } from "../grpc/pods/pod-connections.ts";
import { passingSet } from "../../http2/passing-set.ts";
import { queued } from "../routing/hold.ts";
import type { LivePod, LiveRevision, LiveRoute } from "../routing/live.ts";
import { leastOutstanding, type PickParts } from "../routing/pick.ts";
import type { Connections } from "../upstream/connections.ts";
import { Comparisons } from "./comparisons.ts";
import { CallCopy, type CallOrder } from "./call-copy.ts";
import { Copy, type CopyPlace } from "./copy.ts";

interface CopiesParts extends PickParts {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly connections: Connections;
  readonly sessions: PodConnections;
  /** Told of pods that say that they load their model. */
  readonly loads: (live: LiveRoute, pod: LivePod) => void;
  /** The gateway has little time left: clients get it. */
  readonly isBusy: () => boolean;
}

/** What a copy is as long as it is under way. */
interface UnderWay {
  abort(): void;
}

/** Copies under way, of one model and of all. A mirror that cannot keep up gets fewer copies, not a queue. */
const maxOfModel = 16;
const maxOfAll = 64;

/** Sends copies of requests to the revision that a route mirrors to; clients never notice. */
export class Copies {
  readonly #parts: CopiesParts;
  readonly #comparisons: Comparisons;
  readonly #underWay = passingSet<UnderWay>();
  readonly #byRoute = new Map<LiveRoute, number>();

  constructor(parts: CopiesParts) {
    this.#parts = parts;
    this.#comparisons = new Comparisons(parts.clock);
  }

  /**
   * A copy of a request that has just been sent to `revision`: it wants to know what its client gets. Undefined: this one is
   * not copied. Call it once a request, and only where the split decided who answers.
   */
  copied(live: LiveRoute, revision: LiveRevision, bytes: Buffer): Copy | undefined {
    const { clock, connections } = this.#parts;
    return this.#begun(
      live,
      revision,
      (place) => new Copy(bytes, place, { clock, connections, comparisons: this.#comparisons }),
    );
  }

  /** A copy of a call that `revision` has answered, well or not. Call it as `copied`. */
  copiedCall(live: LiveRoute, revision: LiveRevision, call: CallOrder): void {
    const { clock, sessions } = this.#parts;
    const comparisons = this.#comparisons;
    this.#begun(live, revision, (place) => new CallCopy(call, place, { clock, sessions, comparisons }));
  }

  #begun<C extends UnderWay>(live: LiveRoute, revision: LiveRevision, copyAt: (place: CopyPlace) => C): C | undefined {
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
    if (this.#isTooMuch(live)) {
      counts.dropped += 1;
      return undefined;
    }
    const copy: C = copyAt({
      pod,
      timeoutMs: live.route.timeoutMs,
      tolerance: mirror.compare?.tolerance,
      counts,
      changed,
      loads: () => this.#parts.loads(live, pod),
      ended: () => this.#ended(copy, live),
    });
    this.#underWay.add(copy);
    this.#byRoute.set(live, (this.#byRoute.get(live) ?? 0) + 1);
    return copy;
  }

  /** Gives up all copies under way. */
  close(): void {
    for (const copy of this.#underWay.all()) copy.abort();
    this.#comparisons.close();
  }

  #ended(copy: UnderWay, live: LiveRoute): void {
    if (!this.#underWay.delete(copy)) return;
    const left = (this.#byRoute.get(live) ?? 1) - 1;
    if (left === 0) this.#byRoute.delete(live);
    else this.#byRoute.set(live, left);
  }

  #isTooMuch(live: LiveRoute): boolean {
    if (this.#underWay.size >= maxOfAll || (this.#byRoute.get(live) ?? 0) >= maxOfModel) return true;
    return queued(live) > 0 || this.#parts.isBusy();
  }
}

function mirrorCounts(counts: RevisionCounts): MirrorCounts {
  counts.mirrored ??= {
    sent: 0,
    judged: 0,
    failed: 0,
    compared: 0,
    differing: 0,
    maxAbsolute: 0,
    sumAbsolute: 0,
    numbers: 0,
    ranked: 0,
    agreeing: 0,
    dropped: 0,
  };
  return counts.mirrored;
}
