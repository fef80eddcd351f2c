import type { DurabilityRules } from '#libs/contracts';
import { officeWeek, type WorkWeek } from './work-week.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * When a device that is not heard of changes state: silence since its last sign of life, milliseconds. What counts as silence
 * differs: see {@link Calendars}. An anchor is silent at every hour.
 */
export interface SilenceThresholds {
  /** Of any time. */
  readonly asleepAfterMs: number;
  /** Of working hours. */
  readonly overdueAfterMs: number;
  /** Of working days, each with its 24 hours. */
  readonly suspectAfterMs: number;
  /** Of any day that is no holiday of the whole team. */
  readonly missingAfterMs: number;
  readonly lostAfterMs: number;
}

/** Every number that the rules use. A demo or a simulation passes its own; production passes {@link defaultDurabilitySettings}. */
export interface DurabilitySettings {
  readonly silence: { readonly workstation: SilenceThresholds; readonly anchor: SilenceThresholds };
  /** The hours in which a workstation is expected; null: every hour is alike. */
  readonly workWeek: WorkWeek | null;
  readonly presence: {
    /** Weight of the newest week against all before it in the histogram of a device's week. */
    readonly newestWeek: number;
    /** Taken for an hour of which nothing is known yet. */
    readonly unknownHour: number;
    /** Absences that must have been seen before a device's own habit counts. */
    readonly gapsNeeded: number;
    /** Overdue no sooner than this many times the absence that 95 % of its absences stay below. */
    readonly ownGapFactor: number;
  };
  readonly vetting: { readonly minAgeMs: number; readonly auditsPassed: number };
  readonly reconcile: {
    /** Share of what a returned device holds that is audited before it is believed again, and the least number of packs. */
    readonly auditShare: number;
    readonly auditAtLeast: number;
    /** Surplus replicas are trimmed when they have been surplus for this long. */
    readonly trimAfterMs: number;
    /** After the coordinator was restored: share of the known devices that must have reported before repair or deletion. */
    readonly reportedShare: number;
  };
  /** Copies that a replica counts for, by what is believed of its holder. */
  readonly weights: { readonly sound: number; readonly doubtful: number; readonly gone: number };
  readonly placement: {
    /** Index packs (and with them the vault's way in) go to this many others and to every anchor. */
    readonly indexCopies: number;
    /** Score factor of a candidate at the owner's site against one elsewhere: transfers there cost no wide-area link. */
    readonly sameSiteFactor: number;
    readonly otherSiteFactor: number;
    /** A device that is hardly ever there, or was never audited, still scores a little: it must be able to prove itself. */
    readonly leastPresence: number;
    readonly leastAuditScore: number;
    /** Draws before falling back to looking at every candidate. */
    readonly draws: number;
  };
  readonly allowance: {
    /** Bytes of replicas that a device may have elsewhere for each byte that it offers to others. */
    readonly perOfferedByte: number;
    /** Every device may have this much, whatever it offers. */
    readonly floorBytes: number;
    /** Allowances bind only while less than this share of all that the team offers is free. */
    readonly bindsBelowFreeShare: number;
  };
  readonly breaker: {
    readonly windowMs: number;
    readonly share: number;
    readonly atLeast: number;
    /** Repair waits so long for the rest when enough are back. */
    readonly graceMs: number;
  };
  readonly repair: {
    readonly maxAssignments: number;
    readonly maxSources: number;
    /** Share of a link (and of a device's open slots) that repair may use while more than one copy is left. */
    readonly linkShare: number;
  };
  /** Moving packs off a device whose disk is short. */
  readonly shed: {
    /** Begins when the disk was short for so long. */
    readonly afterMs: number;
    /** Ends when it was short no more for so long. */
    readonly calmMs: number;
    /** Share of what it lacks that is given back besides, so that it does not stay at the edge. */
    readonly margin: number;
    /** Packs of one device that wait for copies elsewhere at a time. */
    readonly openPacks: number;
    /** Bytes of such copies that are ordered in a day, for one device. */
    readonly copyBytesPerDay: number;
    /** What was chosen so long ago and is still not let go is counted on no more: others are chosen besides. */
    readonly patienceMs: number;
  };
}

export const defaultDurabilitySettings: DurabilitySettings = {
  silence: {
    workstation: {
      // Three missed heartbeats of 60 s: a closed lid, nothing to tell anybody.
      asleepAfterMs: 3 * minute,
      // Some days of work without a sign: no new packs, since nobody knows when it will fetch them.
      overdueAfterMs: 24 * hour,
      // A working week: half believed, so that repair starts while there still is something to copy from.
      suspectAfterMs: 5 * day,
      // Longer than most holidays; the person can say "away until" beforehand.
      missingAfterMs: 14 * day,
      lostAfterMs: 30 * day,
    },
    anchor: {
      asleepAfterMs: 3 * minute,
      // An anchor never sleeps: silence is a fault at once.
      overdueAfterMs: 15 * minute,
      // Half a day for a new power supply or a long update, before anything is copied.
      suspectAfterMs: 12 * hour,
      missingAfterMs: 24 * hour,
      lostAfterMs: 30 * day,
    },
  },
  // A laptop is not silent when nobody is expected to open it.
  workWeek: officeWeek,
  // About two months of weeks decide; a new habit (half time, another desk) shows after three.
  presence: { newestWeek: 0.2, unknownHour: 0.5, gapsNeeded: 20, ownGapFactor: 1.5 },
  // A day shows whether it comes back after a night; twenty audits find a device that lost a tenth of its packs in 88 % of cases.
  vetting: { minAgeMs: day, auditsPassed: 20 },
  // 1 % finds a disk that came back a tenth empty from a hundred packs on. A week: whoever was away may leave again.
  // 95 %: in any team somebody is ill, and one machine in twenty can't hold the others up.
  reconcile: { auditShare: 0.01, auditAtLeast: 1, trimAfterMs: 7 * day, reportedShare: 0.95 },
  weights: { sound: 1, doubtful: 0.5, gone: 0 },
  // Five copies of what every reader needs first: a hundred bytes in ten thousand, for a loss that would cost all of them.
  placement: { indexCopies: 5, sameSiteFactor: 1, otherSiteFactor: 0.8, leastPresence: 0.05, leastAuditScore: 0.1, draws: 12 },
  // A byte for a byte keeps a team from promising more than it has; room that nobody needs is refused to nobody.
  allowance: { perOfferedByte: 1, floorBytes: 50_000_000_000, bindsBelowFreeShare: 0.2 },
  // A power cut takes a third of an office within minutes; three is the smallest number that looks like a pattern.
  // After it a day, since somebody is always at home on the day when the others return.
  breaker: { windowMs: 10 * minute, share: 0.3, atLeast: 3, graceMs: day },
  // One plan stays small enough to be carried out before its view of the world is old. A fifth of a link is not felt at work.
  repair: { maxAssignments: 2000, maxSources: 8, linkShare: 0.2 },
  // Half an hour: a build, a video or an update that fills a disk is often gone again by then. A day without shortage: daily habits repeat.
  // A quarter more: or the next large file is one too many. 64 packs are 4 GB under way at most: what a wrong word could set off stays small.
  // 50 GB are a night of a 10 Mbit/s line; the space is free only after the hold of 14 days, so more haste is of no use.
  // A fortnight: whoever has not signed by then is on a long holiday, or does not reach enough holders.
  shed: { afterMs: 30 * minute, calmMs: day, margin: 0.25, openPacks: 64, copyBytesPerDay: 50_000_000_000, patienceMs: 14 * day },
};

/** Settings with what a team wants otherwise. */
export function withRules(settings: DurabilitySettings, rules: DurabilityRules = {}): DurabilitySettings {
  const { silence, workWeek, presence, vetting, reconcile, weights, placement, allowance, breaker, repair, shed } = rules;
  return {
    silence: {
      workstation: { ...settings.silence.workstation, ...silence?.workstation },
      anchor: { ...settings.silence.anchor, ...silence?.anchor },
    },
    workWeek: workWeek === undefined ? settings.workWeek : workWeek,
    presence: { ...settings.presence, ...presence },
    vetting: { ...settings.vetting, ...vetting },
    reconcile: { ...settings.reconcile, ...reconcile },
    weights: { ...settings.weights, ...weights },
    placement: { ...settings.placement, ...placement },
    allowance: { ...settings.allowance, ...allowance },
    breaker: { ...settings.breaker, ...breaker },
    repair: { ...settings.repair, ...repair },
    shed: { ...settings.shed, ...shed },
  };
}
