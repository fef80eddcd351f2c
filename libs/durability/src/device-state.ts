import type { DeviceClass, DeviceState } from '#libs/contracts';
import type { DurabilitySettings, SilenceThresholds } from './settings.ts';
import { everyHour, inWords, type WorkCalendar } from './time.ts';

/** What is known of a device. `mark` is what an admin said and outranks every clock. */
export interface DeviceFacts {
  readonly deviceClass: DeviceClass;
  readonly enrolledAtMs: number;
  /** The last heartbeat, or null before the first. */
  readonly lastSeenAtMs: number | null;
  /** It said goodbye (sleep or clean shutdown) after its last heartbeat. */
  readonly saidGoodbye: boolean;
  readonly mark: 'none' | 'draining' | 'lost' | 'revoked';
  /** "On holiday until": no state worse than overdue before then. */
  readonly awayUntilMs: number | null;
}

export interface DeviceStanding {
  readonly state: DeviceState;
  /** Plain words for the panel. */
  readonly reason: string;
  /** What a person can do, or null when nothing needs doing. */
  readonly nextStep: string | null;
  /** When the state changes next if nothing is heard, or null: so that a sweep looks only at what fell due. */
  readonly changesAtMs: number | null;
}

const silentStates = ['asleep', 'overdue', 'suspect', 'missing', 'lost'] as const;
type SilentState = (typeof silentStates)[number];

const thresholdOf = (state: SilentState, silence: SilenceThresholds): number =>
  ({
    asleep: silence.asleepAfterMs,
    overdue: silence.overdueAfterMs,
    suspect: silence.suspectAfterMs,
    missing: silence.missingAfterMs,
    lost: silence.lostAfterMs,
  })[state];

/**
 * The state of a device now. Monotone: with the same facts, more silence never gives a better state.
 * `calendar` says how much of a span counts (working hours); every hour counts unless given.
 */
export function deviceStanding(
  facts: DeviceFacts,
  nowMs: number,
  settings: DurabilitySettings,
  calendar: WorkCalendar = everyHour,
): DeviceStanding {
  if (facts.mark !== 'none') return marked(facts.mark);
  const silence = settings.silence[facts.deviceClass === 'workstation' ? 'workstation' : 'anchor'];
  const sinceMs = facts.lastSeenAtMs ?? facts.enrolledAtMs;
  const silentMs = Math.max(0, calendar.elapsedMs(sinceMs, nowMs));
  let state: SilentState | 'active' = facts.saidGoodbye || facts.lastSeenAtMs === null ? 'asleep' : 'active';
  for (const candidate of silentStates) if (silentMs >= thresholdOf(candidate, silence)) state = candidate;
  const away = facts.awayUntilMs !== null && nowMs < facts.awayUntilMs;
  const held = away && (state === 'suspect' || state === 'missing' || state === 'lost');
  if (held) state = 'overdue';
  const later = silentStates.find((candidate) => thresholdOf(candidate, silence) > silentMs);
  const dueMs = later === undefined ? null : calendar.whenElapsed(sinceMs, thresholdOf(later, silence));
  return {
    state,
    ...words(state, facts.lastSeenAtMs === null ? null : nowMs - facts.lastSeenAtMs),
    changesAtMs: held ? facts.awayUntilMs : away && state === 'overdue' && dueMs !== null ? Math.max(dueMs, facts.awayUntilMs) : dueMs,
  };
}

function marked(mark: 'draining' | 'lost' | 'revoked'): DeviceStanding {
  switch (mark) {
    case 'draining':
      return {
        state: 'draining',
        reason: 'Is leaving the team: its packs are being copied to others first.',
        nextStep: 'Wait until its packs are copied, then revoke it.',
        changesAtMs: null,
      };
    case 'lost':
      return {
        state: 'lost',
        reason: 'An admin marked it as lost; what it held is being copied again from others.',
        nextStep: 'Restore its owner to another machine, or revoke it.',
        changesAtMs: null,
      };
    case 'revoked':
      return { state: 'revoked', reason: 'Revoked: no member of the team talks to it any more.', nextStep: null, changesAtMs: null };
  }
}

function words(state: SilentState | 'active', silentMs: number | null): { reason: string; nextStep: string | null } {
  const ago = silentMs === null ? 'since it enrolled' : `for ${inWords(silentMs)}`;
  switch (state) {
    case 'active':
      return { reason: 'Online and in order.', nextStep: null };
    case 'asleep':
      return {
        reason: silentMs === null ? 'Enrolled; has not reported yet.' : `Asleep or switched off ${ago}; its packs count.`,
        nextStep: null,
      };
    case 'overdue':
      return { reason: `Not heard of ${ago}: gets no new packs; what it holds still counts.`, nextStep: 'Switch it on for a while.' };
    case 'suspect':
      return {
        reason: `Not heard of ${ago}: what it holds counts one half.`,
        nextStep: 'Ask its owner whether it is in use; mark it lost if it is not.',
      };
    case 'missing':
      return {
        reason: `Not heard of ${ago}: what it held no longer counts and is being copied again.`,
        nextStep: 'Find the machine, or mark it lost.',
      };
    case 'lost':
      return {
        reason: `Not heard of ${ago}: treated as lost.`,
        nextStep: 'Revoke it, and restore its owner to another machine if needed.',
      };
  }
}

/** New packs may be sent to it. */
export const acceptsPacks = (state: DeviceState): boolean => state === 'active';

/** Presumed not to come back with what it held. */
export const isGone = (state: DeviceState): boolean => state === 'missing' || state === 'lost' || state === 'revoked';
