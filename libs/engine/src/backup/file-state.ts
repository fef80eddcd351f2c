import { backupLimits } from './limits.ts';
import type { SeenFile } from './sealer.ts';

/** Whether nobody wrote to a file between two looks at it, as far as times and size tell; see {@link tickLeftMs}. */
export function sameState(before: SeenFile, after: SeenFile): boolean {
  return after.mtimeNs === before.mtimeNs && after.ctimeNs === before.ctimeNs && after.sizeBytes === before.sizeBytes;
}

/** {@link sameState} where the first look was at a path, which may lead to another file by now. */
export function sameFile(seen: SeenFile, opened: SeenFile): boolean {
  return opened.inode === seen.inode && opened.device === seen.device && opened.kind === seen.kind && sameState(seen, opened);
}

/** How long until a change made now would get another time than the file carries. */
export function tickLeftMs(facts: SeenFile): number {
  const newest = Number((facts.ctimeNs > facts.mtimeNs ? facts.ctimeNs : facts.mtimeNs) / 1_000_000n);
  const age = Date.now() - newest;
  return age >= 0 && age < backupLimits.racyMs ? backupLimits.racyMs - age : 0;
}

/** Waits that long. */
export async function pastItsTick(facts: SeenFile): Promise<void> {
  const leftMs = tickLeftMs(facts);
  if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
}
