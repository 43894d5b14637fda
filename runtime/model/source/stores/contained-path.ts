import { join } from "node:path";
import { faults } from "../faults.ts";

/** Joins a path given by a store or an archive to `folder`. Throws `PathRefused` for a path that leaves the folder. */
export function containedPath(folder: string, path: string, place: string): string {
  const segments = path.split("/");
  const isRefused = (segment: string): boolean =>
    segment === "" || segment === "." || segment === ".." || /[\\\0]/.test(segment) || segment.length > 255;
  if (segments.some(isRefused) || segments.length > 32) throw faults.PathRefused({ place, path });
  return join(folder, ...segments);
}
