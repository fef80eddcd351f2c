import type { DeviceId } from '#libs/kernel';
import type { AuditSettings } from './audit-settings.ts';
import { inWords } from './time.ts';

/** What became of one audit of one replica. */
export type AuditResult =
  /** The answer is right: the whole pack is there. */
  | 'passed'
  /** An answer that is not the right one. */
  | 'wrong'
  /** The holder says that it does not have the pack. */
  | 'missing'
  /** The holder says that its disk would not give the pack. */
  | 'unreadable'
  /** No answer in time although it was online, once more than the retries allow. */
  | 'unanswered'
  /** It gave its blocks below the least speed, or broke off while they came, although it was online, once more than the retries allow. */
  | 'slow'
  /** No answer in time; asked again later. No failure. */
  | 'timed_out';

/** A result after which the replica counts as nothing until it has proved itself. */
export const isFailure = (result: AuditResult): boolean => result !== 'passed' && result !== 'timed_out';

/** A holder that is asked to give its blocks must have given so many bytes by then, or it is cut off: milliseconds since it was asked. */
export function readingEndsAfterMs(bytes: number, { reading }: Pick<AuditSettings, 'reading'>): number {
  return reading.graceMs + (bytes / reading.bytesPerSecond) * 1000;
}

/**
 * An audit that nobody answered in time. A holder that was offline at any time since it was asked is never blamed.
 * `tries`: unanswered ones in a row before this.
 */
export function unansweredResult(tries: number, wasOnline: boolean, settings: AuditSettings): 'timed_out' | 'unanswered' {
  return wasOnline && tries >= settings.retries ? 'unanswered' : 'timed_out';
}

/**
 * A reading that the holder was too slow for. `slow`: such ones before this, counted apart from those that it did not answer: three slow ones and a silent one are
 * neither slowness nor silence yet, and the weight of the two is not the same.
 */
export function slowResult(slow: number, settings: AuditSettings): 'timed_out' | 'slow' {
  return slow >= settings.retries ? 'slow' : 'timed_out';
}

export interface CrossAnswer {
  readonly deviceId: DeviceId;
  /** Null: no answer (in time). */
  readonly answer: string | null;
}

export type CrossVerdict =
  /** Two or more gave the same answer and nobody another one. */
  | { readonly kind: 'agreed'; readonly passed: readonly DeviceId[] }
  /** Answers differ: only the blocks themselves show who is wrong. */
  | { readonly kind: 'disputed'; readonly among: readonly DeviceId[] }
  /** Fewer than two answered: proves nothing for anybody. */
  | { readonly kind: 'open' };

/** Holders that were asked the same at the same time, without anybody knowing the right answer beforehand. */
export function crossVerdict(answers: readonly CrossAnswer[]): CrossVerdict {
  const given = answers.filter((a) => a.answer !== null);
  if (new Set(given.map((a) => a.deviceId)).size < 2) return { kind: 'open' };
  const among = given.map((a) => a.deviceId);
  return new Set(given.map((a) => a.answer)).size === 1 ? { kind: 'agreed', passed: among } : { kind: 'disputed', among };
}

/** A failure on a holder's record. */
export interface HolderFailure {
  readonly atMs: number;
  readonly ownerDeviceId: DeviceId | null;
  /**
   * The holder's own doing for certain: blocks that do not match their CIDs, its own word, or its silence. Not proved: an answer that
   * differs from what the pack's owner says it must be, which a hostile owner could say of anybody.
   */
  readonly proved: boolean;
}

/**
 * Whether a holder as a whole is no longer believed: so many failures within the window. Unproved ones count only when they concern
 * packs of two owners or more, so that no single owner can put a colleague in quarantine.
 */
export function holderVerdict(
  failures: readonly HolderFailure[],
  nowMs: number,
  settings: AuditSettings,
): { readonly quarantine: false } | { readonly quarantine: true; readonly reason: string } {
  const recent = failures.filter((f) => f.atMs > nowMs - settings.holderWindowMs && f.atMs <= nowMs);
  const unproved = recent.filter((f) => !f.proved);
  const believed = new Set(unproved.map((f) => f.ownerDeviceId)).size >= 2;
  const count = recent.length - (believed ? 0 : unproved.length);
  if (count < settings.holderFailures) return { quarantine: false };
  return {
    quarantine: true,
    reason: `Failed ${count} audits within ${inWords(settings.holderWindowMs)}: nothing that it holds counts until it has proved itself, and it gets no new packs.`,
  };
}

/** Whether a quarantined holder is believed again: audits passed in a row since, and long enough. */
export function holderCleared(
  facts: { readonly quarantinedAtMs: number; readonly passedInARow: number },
  nowMs: number,
  settings: AuditSettings,
): boolean {
  return facts.passedInARow >= settings.clearAfterPasses && nowMs - facts.quarantinedAtMs >= settings.clearAfterMs;
}

/** How far a holder's record speaks for it, in (0, 1]: 1 without a record, falling with the share of failures. */
export function auditScore({ passed, failed }: { readonly passed: number; readonly failed: number }): number {
  return (passed + 1) / (passed + 1 + 10 * failed);
}

/** The cause in plain words. `owner` is the name of the device whose pack it is. */
export function auditCause(result: Exclude<AuditResult, 'passed' | 'timed_out'> | 'rot', owner: string): string {
  const then = 'This copy no longer counts and is made again elsewhere.';
  switch (result) {
    case 'wrong':
      return `Could not prove that it still has a pack of ${owner} whole. ${then}`;
    case 'missing':
      return `Says that it no longer has a pack of ${owner}. ${then}`;
    case 'unreadable':
      return `Its disk could not read a pack of ${owner}. ${then}`;
    case 'unanswered':
      return `Was online, but did not answer several audits of a pack of ${owner}. ${then}`;
    case 'slow':
      return `Was online, but several times did not give a pack of ${owner} to its end at a speed of any use. ${then}`;
    case 'rot':
      return `Found a damaged pack of ${owner} on its own disk. ${then}`;
  }
}
