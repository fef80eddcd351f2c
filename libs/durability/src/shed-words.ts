import type { ShedObstacle } from './shed-way.ts';
import type { StandingWords } from './device-words.ts';

const words: Record<ShedObstacle, StandingWords> = {
  no_other_device: {
    reason: 'every other device already has these packs',
    nextStep: 'Enrol another device, or free space on this one.',
  },
  no_room: { reason: 'no other device has room for them', nextStep: 'Free space on this device or on others, or add an anchor.' },
  anchor_copy: {
    reason: 'they are the only copies on an always-on device',
    nextStep: 'Free space on this device, or add another anchor.',
  },
  site_copy: {
    reason: 'they are the only copies outside of their owners’ buildings',
    nextStep: 'Free space on this device, or enrol another one at that site.',
  },
  holders_away: { reason: 'too few of the other devices that have them were seen lately', nextStep: 'Switch the others on for a while.' },
  needs_repair: { reason: 'they have too few copies as it is', nextStep: 'Nothing to do: they are copied first.' },
  owner_gone: {
    reason: 'their owners are gone and can not sign for them any more',
    nextStep: 'Free space on this device, or give the vaults of those devices up.',
  },
};

/** Bytes as people read them: "12 GB". */
function bytesInWords(bytes: number): string {
  const [size, unit] = bytes >= 1e9 ? ([1e9, 'GB'] as const) : bytes >= 1e6 ? ([1e6, 'MB'] as const) : ([1e3, 'KB'] as const);
  const amount = bytes / size;
  return `${amount >= 10 ? Math.round(amount) : Math.round(amount * 10) / 10} ${unit}`;
}

export interface ShedFacts {
  readonly toGiveBackBytes: number;
  /** Chosen, and not let go by their owners yet. */
  readonly movingBytes: number;
  /** Let go by their owners; still on the disk for the hold. */
  readonly inHoldBytes: number;
  readonly begun: boolean;
  readonly obstacle: ShedObstacle | null;
}

/** Why a device gives packs back, and how far that is; null: it has nothing to give back and nothing is leaving it. */
export function shedWords({ toGiveBackBytes, movingBytes, inHoldBytes, begun, obstacle }: ShedFacts): StandingWords | null {
  if (!begun && toGiveBackBytes === 0) return null;
  if (!begun)
    return { reason: `Its disk is nearly full: if it stays so, ${bytesInWords(toGiveBackBytes)} are moved to others.`, nextStep: null };
  const parts: string[] = [];
  if (movingBytes > 0) parts.push(`${bytesInWords(movingBytes)} are being moved to others`);
  if (inHoldBytes > 0) parts.push(`${bytesInWords(inHoldBytes)} are elsewhere and go when their hold is over`);
  const opening = toGiveBackBytes > 0 ? 'Its disk is nearly full' : 'Its disk was nearly full';
  const stuckBytes = Math.max(0, toGiveBackBytes - movingBytes - inHoldBytes);
  if (obstacle !== null && stuckBytes > 0) {
    const { reason, nextStep } = words[obstacle];
    const rest = parts.length === 0 ? '' : ` (${parts.join('; ')})`;
    return { reason: `${opening}, and ${bytesInWords(stuckBytes)} can not be moved: ${reason}${rest}.`, nextStep };
  }
  if (parts.length === 0) return { reason: `${opening}: packs to move are being chosen.`, nextStep: null };
  return { reason: `${opening}: ${parts.join('; ')}.`, nextStep: null };
}
