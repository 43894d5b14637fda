import type { RevisionRoute } from "../../contract/route-table.ts";

/** Running debts of the smooth weighted round robin, by revision hash. */
export type SplitDebts = Map<string, number>;

/**
 * The revision that takes the next request: smooth weighted round robin (as nginx's upstream module does it), so that
 * after any n requests each revision is less than one request away from its share. A revision without ready endpoints
 * takes none; its debt is dropped, so that it gets no burst when it comes back.
 */
export function nextRevision(revisions: readonly RevisionRoute[], debts: SplitDebts): RevisionRoute | undefined {
  let chosen: RevisionRoute | undefined;
  let total = 0;
  for (const revision of revisions) {
    if (revision.weight === 0 || revision.endpoints.length === 0) {
      debts.delete(revision.hash);
      continue;
    }
    total += revision.weight;
    const debt = (debts.get(revision.hash) ?? 0) + revision.weight;
    debts.set(revision.hash, debt);
    if (chosen === undefined || debt > (debts.get(chosen.hash) ?? 0)) chosen = revision;
  }
  if (chosen !== undefined) debts.set(chosen.hash, (debts.get(chosen.hash) ?? 0) - total);
  return chosen;
}
