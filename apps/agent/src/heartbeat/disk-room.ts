import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Policy } from '#libs/contracts';
import { systemErrorCode } from '#libs/kernel';

export interface DiskRoom {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Room on the disk of `folder`, or of its nearest parent that exists. */
export async function diskRoom(folder: string): Promise<DiskRoom> {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { bsize, bavail, blocks } = await statfs(at);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT' || dirname(at) === at) throw error;
    }
  }
}

/** What the pledge and the reserve leave for new packs of others; `limit` says which of the two is the tighter one. */
export function roomForOthers(
  room: DiskRoom,
  heldBytes: number,
  pledge: Policy['pledge'],
): { readonly bytes: number; readonly limit: 'pledge' | 'reserve' } {
  const reserveBytes = Math.max(pledge.reserveBytes, Math.floor((room.totalBytes * pledge.reservePercent) / 100));
  const afterReserve = Math.max(0, room.freeBytes - reserveBytes);
  const afterPledge = pledge.maxBytes === null ? Number.POSITIVE_INFINITY : Math.max(0, pledge.maxBytes - heldBytes);
  return afterPledge < afterReserve ? { bytes: afterPledge, limit: 'pledge' } : { bytes: afterReserve, limit: 'reserve' };
}
