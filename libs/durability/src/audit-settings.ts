const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Every number that audits use; the coordinator's configuration overrides what a demo or a test must shorten. */
export interface AuditSettings {
  /** Every replica proves itself at least once in this time, as long as its holder is online now and then. */
  readonly periodMs: number;
  /** Mean of the memoryless draw of the next audit, as a share of the period. */
  readonly meanShare: number;
  /** Latest next audit, as a share of the period; what is left is for holders that sleep. */
  readonly latestShare: number;
  /** A new replica is first audited within this share of the period. */
  readonly firstShare: number;
  /** How often the coordinator looks what is due at one holder, on average; drawn anew each time. */
  readonly lookMs: number;
  /** Most packs asked about at once, and most bytes that a holder must read for it. */
  readonly batchPacks: number;
  readonly batchBytes: { readonly workstation: number; readonly anchor: number };
  /** Time for an answer: this long, and longer by what must be read at this speed. */
  readonly answerMs: number;
  readonly readBytesPerSecond: number;
  /** Where the blocks themselves are asked for: this long for the first of them, and from then on this speed on average, or the holder is too slow. */
  readonly reading: { readonly graceMs: number; readonly bytesPerSecond: number };
  /** Unanswered audits in a row that are no failure yet, and the pause before the next try. */
  readonly retries: number;
  readonly retryMs: number;
  /** So many failures that are the holder's own within the window quarantine the whole holder. */
  readonly holderFailures: number;
  readonly holderWindowMs: number;
  /** A quarantined holder is believed again after so many passed audits in a row and so long. */
  readonly clearAfterPasses: number;
  readonly clearAfterMs: number;
  /** A holder with fewer passed audits than this is asked again within a day or so: newcomers are vetted by audits. */
  readonly newcomerPasses: number;
  /** Challenges that an owner makes for a pack: soon after it was made, when it is read again anyway, and when that is due. */
  readonly challenges: { readonly first: number; readonly full: number; readonly low: number };
}

export const defaultAuditSettings: AuditSettings = {
  periodMs: 15 * day,
  // Constant hazard: a holder that was audited a minute ago is as likely to be asked again as any other. A mean above the cap keeps
  // the number of audits near the least that the period needs (one in 9.6 days).
  meanShare: 4 / 3,
  // Two days and a quarter for a weekend with a closed lid.
  latestShare: 0.85,
  // A day: so a new holder has its first passes while it is still vetted.
  firstShare: 1 / 15,
  // 32 packs every ten minutes are 4,600 a day: a holder of 1 TB that is on for eight hours a day stays within the period.
  lookMs: 10 * minute,
  batchPacks: 32,
  // Half a GiB is five seconds of a laptop's disk at 100 MB/s.
  batchBytes: { workstation: 512 * 2 ** 20, anchor: 4 * 2 ** 30 },
  // Long enough for a laptop under load; too short to fetch half a GiB from a colleague over a home line.
  answerMs: 2 * minute,
  readBytesPerSecond: 10_000_000,
  // Two minutes are what a transfer allows for a block. 100 kB/s is what a line with 1 Mbit/s upwards gives; a restore of 100 GB at less would take two
  // weeks. Whoever gives a block of 1 MiB just before each time limit of the transfer comes to a third of it.
  reading: { graceMs: 2 * minute, bytesPerSecond: 100_000 },
  retries: 3,
  retryMs: hour,
  holderFailures: 3,
  holderWindowMs: day,
  clearAfterPasses: 20,
  clearAfterMs: day,
  newcomerPasses: 20,
  // One pass over a pack makes any number of challenges; four last three replicas about two weeks, and by then the scrub has read
  // the pack again and filled them up to what a month needs.
  challenges: { first: 4, full: 12, low: 3 },
};
