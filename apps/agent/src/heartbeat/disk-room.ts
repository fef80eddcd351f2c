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
  const afterReserve = Math.max(0, room.freeBytes - reserveOf(room, pledge));
  const afterPledge = pledge.maxBytes === null ? Number.POSITIVE_INFINITY : Math.max(0, pledge.maxBytes - heldBytes);
  return afterPledge < afterReserve ? { bytes: afterPledge, limit: 'pledge' } : { bytes: afterReserve, limit: 'reserve' };
}

/**
 * Bytes of others' packs that should leave this disk: what is missing to the reserve, or what is held beyond the pledge, whichever is more. The
 * coordinator is told, and has them moved; nothing is deleted here because of it.
 */
export function bytesToGiveBack(room: DiskRoom, heldBytes: number, pledge: Policy['pledge']): number {
  const belowReserve = reserveOf(room, pledge) - room.freeBytes;
  const beyondPledge = pledge.maxBytes === null ? 0 : heldBytes - pledge.maxBytes;
  return Math.min(heldBytes, Math.max(0, belowReserve, beyondPledge));
}

const reserveOf = ({ totalBytes }: DiskRoom, pledge: Policy['pledge']): number =>
  Math.max(pledge.reserveBytes, Math.floor((totalBytes * pledge.reservePercent) / 100));
