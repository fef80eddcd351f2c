import type { DeviceClass, DeviceState } from '#libs/contracts';
import { markedLostWords, standingWords } from './device-words.ts';
import type { DurabilitySettings, SilenceThresholds } from './settings.ts';
import { everyHourCounts, type Calendars } from './work-week.ts';

/** What is known of a device. `mark` is what an admin said and outranks every clock. */
export interface DeviceFacts {
  readonly deviceClass: DeviceClass;
  readonly enrolledAtMs: number;
  /** The last heartbeat, or null before the first. */
  readonly lastSeenAtMs: number | null;
  /** It said goodbye (sleep or clean shutdown) after its last heartbeat. */
  readonly saidGoodbye: boolean;
  readonly mark: DeviceMark;
  /** "On holiday until": no state worse than overdue before then. */
  readonly awayUntilMs: number | null;
  /** Audits that it passed so far; null when nobody audits: age alone decides then. */
  readonly auditsPassed?: number | null;
  /** The absence that 95 % of its absences stay below, or null. */
  readonly gap95Ms?: number | null;
  /** It was gone (or doubted), is back, and has not shown yet what it still holds. */
  readonly reconciling?: boolean;
}

export type DeviceMark = 'none' | 'draining' | 'lost' | 'revoked';

export interface DeviceStanding {
  readonly state: DeviceState;
  /** It has shown that it comes back and keeps what it was given. Silence does not take that away. */
  readonly vetted: boolean;
  /** Plain words for the panel. */
  readonly reason: string;
  /** What a person can do, or null when nothing needs doing. */
  readonly nextStep: string | null;
  /** When the state changes next if nothing is heard, or null: so that a sweep looks only at what fell due. */
  readonly changesAtMs: number | null;
}

const silentStates = ['asleep', 'overdue', 'suspect', 'missing', 'lost'] as const;
type SilentState = (typeof silentStates)[number];

/**
 * The state of a device now. Monotone: with the same facts, more silence never gives a better state. `calendars` say how much of a
 * span counts for workstations (an anchor is expected always); every hour counts unless given.
 */
export function deviceStanding(
  facts: DeviceFacts,
  nowMs: number,
  settings: DurabilitySettings,
  calendars: Calendars = everyHourCounts,
): DeviceStanding {
  const vetting = vettingOf(facts, nowMs, settings);
  const vetted = !vetting.open;
  if (facts.mark !== 'none') {
    const words = facts.mark === 'lost' ? markedLostWords : standingWords(facts.mark, null);
    return { state: facts.mark, vetted, ...words, changesAtMs: null };
  }
  const sinceMs = facts.lastSeenAtMs ?? facts.enrolledAtMs;
  const due = dueTimes(facts, sinceMs, settings, calendars);
  const silent = silentStates.filter((state) => nowMs >= due[state]).at(-1);
  const resting = facts.saidGoodbye || facts.lastSeenAtMs === null;
  const awake = facts.reconciling ? 'reconciling' : vetting.open ? 'vetting' : 'active';
  const away = facts.awayUntilMs !== null && nowMs < facts.awayUntilMs;
  const held = away && silent !== undefined && isDoubtedOrGone(silent);
  const state = held ? 'overdue' : (silent ?? (resting ? 'asleep' : awake));
  const silentMs = facts.lastSeenAtMs === null ? null : nowMs - facts.lastSeenAtMs;
  return { state, vetted, ...standingWords(state, silentMs, vetting.lacks), changesAtMs: nextChange() };

  function nextChange(): number | null {
    if (held) return facts.awayUntilMs;
    const later = silentStates
      .slice(silent === undefined ? 0 : silentStates.indexOf(silent) + 1)
      .map((name) => (away && state === 'overdue' ? Math.max(due[name], facts.awayUntilMs) : due[name]));
    if (state === 'vetting' && vetting.endsAtMs !== null) later.push(vetting.endsAtMs);
    const soonest = later.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    return Number.isFinite(soonest) ? soonest : null;
  }
}

/** When each silent state begins if nothing is heard. A device that says goodbye sleeps at once, which `due.asleep` need not know. */
function dueTimes(
  { deviceClass, gap95Ms }: DeviceFacts,
  sinceMs: number,
  settings: DurabilitySettings,
  calendars: Calendars,
): Record<SilentState, number> {
  const workstation = deviceClass === 'workstation';
  const silence: SilenceThresholds = settings.silence[workstation ? 'workstation' : 'anchor'];
  const { always, hours, days, ordinary } = workstation ? calendars : anchorCalendars(calendars);
  const habitMs = workstation && gap95Ms ? settings.presence.ownGapFactor * gap95Ms : 0;
  return {
    asleep: always.whenElapsed(sinceMs, silence.asleepAfterMs),
    overdue: Math.max(hours.whenElapsed(sinceMs, silence.overdueAfterMs), sinceMs + habitMs),
    suspect: days.whenElapsed(sinceMs, silence.suspectAfterMs),
    missing: ordinary.whenElapsed(sinceMs, silence.missingAfterMs),
    lost: ordinary.whenElapsed(sinceMs, silence.lostAfterMs),
  };
}

/** An anchor is expected at every hour. */
const anchorCalendars = ({ always }: Calendars): Calendars => ({ always, hours: always, days: always, ordinary: always });

interface Vetting {
  readonly open: boolean;
  /** When age alone would end it; null when audits are what is missing. */
  readonly endsAtMs: number | null;
  readonly lacks: string;
}

function vettingOf({ enrolledAtMs, auditsPassed = null }: DeviceFacts, nowMs: number, settings: DurabilitySettings): Vetting {
  const { minAgeMs, auditsPassed: needed } = settings.vetting;
  const endsAtMs = enrolledAtMs + minAgeMs;
  const missing = auditsPassed === null ? 0 : Math.max(0, needed - auditsPassed);
  return {
    open: nowMs < endsAtMs || missing > 0,
    endsAtMs: missing > 0 || nowMs >= endsAtMs ? null : endsAtMs,
    lacks: missing > 0 ? `${missing} of ${needed} audits are still to be passed` : 'its first day is not over',
  };
}

/** New packs may be sent to it; to a device in vetting only those beyond the minimum (placement sees to that). */
export const acceptsPacks = (state: DeviceState): boolean => state === 'active' || state === 'vetting';

/** Presumed not to come back with what it held. */
export const isGone = (state: DeviceState): boolean => state === 'missing' || state === 'lost' || state === 'revoked';

/** Half believed: what it holds counts one half. */
export const isDoubted = (state: DeviceState): boolean => state === 'suspect' || state === 'reconciling';

const isDoubtedOrGone = (state: DeviceState): boolean => isDoubted(state) || isGone(state);

/**
 * Whether a device that goes from one state to another has to show what it holds before it is believed: it was doubted or gone, and
 * is there again.
 */
export const isReturn = (from: DeviceState, to: DeviceState): boolean =>
  (from === 'suspect' || from === 'missing' || from === 'lost') && !isDoubtedOrGone(to) && to !== 'draining';
