/** How often each program is loaded before measuring. */
const loads = 6;

/**
 * Loads the programs in turn until their code is optimised as in long-running processes. After clients disconnect, V8 recompiles code
 * that it had optimised for open connections: after a single load that is 6 to 7 % of the next one's cost.
 */
export async function warmUp(load: readonly (() => Promise<void>)[]): Promise<void> {
  for (let i = 0; i < loads; i += 1) for (const once of load) await once();
}
