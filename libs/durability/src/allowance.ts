import type { DurabilitySettings } from './settings.ts';

/** What a device gives to the team and takes from it, in bytes of packs. */
export interface AllowanceFacts {
  /** What it offers to others: what it holds for them and what it still has room for. */
  readonly offeredBytes: number;
  /** Replicas that its own vault has, or is to have, at others. */
  readonly usedBytes: number;
  /** What the whole team offers, and how much of that is free. */
  readonly teamOfferedBytes: number;
  readonly teamFreeBytes: number;
}

export interface AllowanceVerdict {
  readonly over: boolean;
  readonly allowanceBytes: number;
}

/**
 * Whether a device may have more of its data placed at others. Its allowance follows what it offers, binds only while room is scarce in
 * the team, and concerns new data alone: what was placed is counted and repaired as ever, and nothing is deleted.
 */
export function evaluateAllowance(facts: AllowanceFacts, settings: DurabilitySettings): AllowanceVerdict {
  const { perOfferedByte, floorBytes, bindsBelowFreeShare } = settings.allowance;
  const allowanceBytes = Math.max(floorBytes, facts.offeredBytes * perOfferedByte);
  const scarce = facts.teamFreeBytes < facts.teamOfferedBytes * bindsBelowFreeShare;
  return { over: scarce && facts.usedBytes > allowanceBytes, allowanceBytes };
}
