import { join } from "node:path";
import { faults } from "../faults.ts";

/** Path below `folder` of a file that a store or an archive names. Throws `PathRefused` for what would lie elsewhere. */
export function containedPath(folder: string, path: string, place: string): string {
  const segments = path.split("/");
  const isRefused = (segment: string): boolean =>
    segment === "" || segment === "." || segment === ".." || /[\\\0]/.test(segment) || segment.length > 255;
  if (segments.some(isRefused) || segments.length > 32) throw faults.PathRefused({ place, path });
  return join(folder, ...segments);
}
