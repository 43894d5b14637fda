import { faults } from "./faults.ts";
import { manifestFiles } from "./manifests/manifest-files.ts";
import { verdicts } from "./manifests/manifests.ts";

/**
 * `modelwright validate`: prints one line per object and one per complaint. Throws `NotValid` when there is any complaint,
 * and the faults of reading files.
 */
export function validate(paths: readonly string[], print: (line: string) => void): void {
  const all = verdicts(manifestFiles(paths));
  for (const { path, name, complaints, manifest } of all) {
    if (complaints.length === 0) print(`${path}: ${name}: ${checked(manifest?.object.kind)}`);
    complaints.forEach(print);
  }
  const count = all.filter(({ complaints }) => complaints.length > 0).length;
  if (count > 0) throw faults.NotValid({ count });
}

function checked(kind: string | undefined): string {
  return kind === "ModelDeployment" ? "valid" : "not checked (only ModelDeployments are)";
}
