import { anyRevision, type Wish } from "../routing/choice.ts";
import type { LiveRoute } from "../routing/live.ts";
import { stickyValue } from "../routing/sharing/sticky.ts";
import type { Client } from "./client.ts";
import { askedVersion, versionedPath } from "../routing/version.ts";

/** A request of REST and where it may go. */
export interface Asked {
  readonly live: LiveRoute;
  readonly wish: Wish;
  /** As pods are to see it. */
  readonly path: string;
  /** It names a version that only its pods know of: that one of them loads it says nothing of the pod. */
  readonly isOwnVersion: boolean;
}

/** What a request asks of its route. Throws `VersionNotFound`. */
export function asked(live: LiveRoute, { path, headers }: Pick<Client, "path" | "headers">): Asked {
  const versioned = versionedPath(path);
  const version = versioned === undefined ? undefined : askedVersion(live.route, versioned.ask);
  if (versioned !== undefined && version !== undefined) {
    return {
      live,
      wish: { revision: version.revision },
      path: versioned.rewritten(version.number),
      isOwnVersion: false,
    };
  }
  const { sticky } = live.route;
  const wish = sticky === undefined ? anyRevision : { stickyValue: stickyValue(sticky, headers) };
  return { live, wish, path, isOwnVersion: versioned !== undefined };
}
