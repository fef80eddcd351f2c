import type { ReleaseFlag } from '#libs/contracts';

const day = 24 * 60 * 60 * 1000;

/** Every number of release and hold, with its reason. */
export interface ReleaseSettings {
  /** Long enough that somebody comes back from a holiday before ransomware's release takes effect. A holder's own minimum. */
  readonly holdMs: number;
  /** Of a vault's bytes, all releases in hold together: a normal night's prune stays far below. */
  readonly unusualShare: number;
  /** Snapshots received this long before a release are looked at for marks of ransomware: it encrypts, then waits a little. */
  readonly spikeWindowMs: number;
  /** So many earlier snapshots at least say what is usual; with fewer nothing can be called a spike. */
  readonly spikeHistory: number;
  /** Changed files of one run: over this share of all files, and over `spikeFactor` times the median of earlier runs. */
  readonly changedShare: number;
  readonly spikeFactor: number;
  /** New packs against bytes read: encrypted files hardly compress and never deduplicate. */
  readonly incompressibleRatio: number;
  /** Runs that read less say nothing about compression. */
  readonly leastReadBytes: number;
}

export const defaultReleaseSettings: ReleaseSettings = {
  holdMs: 14 * day,
  unusualShare: 0.2,
  spikeWindowMs: 14 * day,
  spikeHistory: 3,
  changedShare: 0.3,
  spikeFactor: 5,
  incompressibleRatio: 0.95,
  leastReadBytes: 64 * 1024 * 1024,
};

/** A run as far as a spike shows in it. */
export interface RunFigures {
  readonly receivedAtMs: number;
  readonly files: number;
  readonly changedFiles: number;
  readonly readBytes: number;
  readonly newPackBytes: number;
}

export interface ReleaseToJudge {
  /** This release. */
  readonly bytes: number;
  /** Other releases of the vault that wait or hold: many small ones are one large one. */
  readonly openBytes: number;
  /** Everything that the vault has at holders, released packs included. */
  readonly vaultBytes: number;
  /** Snapshots that the owner forgot although the retention rules, by the coordinator's receipt time, still keep them. */
  readonly forgottenButKept: number;
  /** Packs whose release somebody cancelled before. */
  readonly cancelledBefore: number;
  /** Signed by the team root: a vault is given up. */
  readonly byRoot: boolean;
  /** Of the vault, oldest first. */
  readonly runs: readonly RunFigures[];
}

export interface ReleaseVerdict {
  /** 0 to 1, of the vault, with the other open releases. */
  readonly share: number;
  /** Empty: usual, the hold may begin. Else a person has to approve it first. */
  readonly flags: readonly ReleaseFlag[];
  readonly explanation: string;
}

/** Whether a release looks like housekeeping. Unusual ones wait for a person: nothing is lost by waiting but disk space. */
export function judgeRelease(release: ReleaseToJudge, nowMs: number, settings: ReleaseSettings = defaultReleaseSettings): ReleaseVerdict {
  const total = release.bytes + release.openBytes;
  const share = release.vaultBytes > 0 ? Math.min(1, total / release.vaultBytes) : 1;
  const found: [ReleaseFlag, string][] = [];
  if (release.byRoot) found.push(['whole-vault', 'it gives up a vault whose device is gone']);
  if (share > settings.unusualShare)
    found.push(['large-share', `with the releases still in hold it comes to ${Math.round(share * 100)} % of the vault`]);
  if (release.forgottenButKept > 0)
    found.push(['kept-by-retention', `it drops ${plural(release.forgottenButKept, 'snapshot')} that the retention rules still keep`]);
  if (release.cancelledBefore > 0)
    found.push(['cancelled-before', `somebody cancelled the release of ${release.cancelledBefore} of its packs before`]);
  found.push(...spikes(release.runs, nowMs, settings));
  return {
    share,
    flags: found.map(([flag]) => flag),
    explanation: found.length === 0 ? '' : `Unusual: ${found.map(([, text]) => text).join('; ')}.`,
  };
}

function spikes(runs: readonly RunFigures[], nowMs: number, settings: ReleaseSettings): [ReleaseFlag, string][] {
  const since = nowMs - settings.spikeWindowMs;
  const found = new Map<ReleaseFlag, string>();
  runs.forEach((run, at) => {
    if (run.receivedAtMs < since || at < settings.spikeHistory) return;
    const before = runs.slice(0, at);
    const changed = changedShare(run);
    if (changed > settings.changedShare && changed > settings.spikeFactor * median(before.map(changedShare)))
      found.set('changed-files-spike', `a recent backup saw ${Math.round(changed * 100)} % of all files changed at once`);
    const readable = before.filter((r) => r.readBytes >= settings.leastReadBytes);
    if (run.readBytes < settings.leastReadBytes || readable.length < settings.spikeHistory) return;
    if (density(run) >= settings.incompressibleRatio && median(readable.map(density)) < settings.incompressibleRatio)
      found.set('incompressible-spike', 'a recent backup read data that could not be compressed, unlike those before');
  });
  return [...found];
}

const changedShare = ({ files, changedFiles }: RunFigures): number => (files > 0 ? changedFiles / files : 0);
const density = ({ readBytes, newPackBytes }: RunFigures): number => (readBytes > 0 ? newPackBytes / readBytes : 0);

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length === 0 ? 0 : sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const plural = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`;
