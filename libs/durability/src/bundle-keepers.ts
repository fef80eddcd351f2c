import type { DeviceClass } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';

const hourMs = 3_600_000;

/** A device that could keep the coordinator's bundle. */
export interface BundleCandidate {
  readonly deviceId: DeviceId;
  readonly site: string;
  readonly class: DeviceClass;
  readonly online: boolean;
  /** It has the newest bundle already. */
  readonly hasNewest: boolean;
  /** It has an older one: who kept one before is likely to be there again. */
  readonly hasOlder: boolean;
}

/** Where and how often a coordinator leaves what a new one would need, with the reason for each number. */
export const bundleSettings = {
  /** Asked to keep it: two more than have to, since laptops are lost together with offices. */
  keepers: 5,
  /** It counts as left when so many have it; all of them in a smaller team. */
  needed: 3,
  /** Older than this is a warning: a weekend in which nobody was there is none. */
  warnAfterMs: 72 * hourMs,
  /** A new team has so long until its first bundle is missed: the devices are only just joining. */
  graceMs: 24 * hourMs,
} as const;
export type BundleSettings = { readonly [K in keyof typeof bundleSettings]: number };

/**
 * Which devices are to fetch the newest bundle now, besides those that have it: as many as are missing, of those that are online; each next one at the site
 * that has fewest, anchors first there, then those that kept one before. The same input gives the same devices.
 */
export function planBundleKeepers(candidates: readonly BundleCandidate[], settings: BundleSettings = bundleSettings): DeviceId[] {
  const bySite = new Map<string, number>();
  const count = (site: string): number => bySite.get(site) ?? 0;
  const take = ({ site }: BundleCandidate): unknown => bySite.set(site, count(site) + 1);
  const having = candidates.filter((candidate) => candidate.hasNewest);
  having.forEach(take);
  const left = candidates.filter((candidate) => candidate.online && !candidate.hasNewest);
  const picked: DeviceId[] = [];
  while (left.length > 0 && having.length + picked.length < settings.keepers) {
    const next = left.reduce((best, one) => (before(one, best, count) ? one : best));
    left.splice(left.indexOf(next), 1);
    take(next);
    picked.push(next.deviceId);
  }
  return picked;
}

function before(a: BundleCandidate, b: BundleCandidate, count: (site: string) => number): boolean {
  const rank = (one: BundleCandidate): readonly number[] => [count(one.site), one.class === 'anchor' ? 0 : 1, one.hasOlder ? 0 : 1];
  const [left, right] = [rank(a), rank(b)];
  for (const [n, value] of left.entries()) if (value !== right[n]) return value < right[n]!;
  return a.deviceId < b.deviceId;
}

export interface BundleStandingFacts {
  readonly nowMs: number;
  /** Since when there are devices at all; null: there is none. */
  readonly devicesSinceMs: number | null;
  /** Devices that could keep one. */
  readonly devices: number;
  /** When the bundle was made that each device keeps which keeps one. */
  readonly keptMadeAtMs: readonly number[];
}

export interface BundleStanding {
  readonly needed: number;
  /** When the newest bundle was made that enough devices have, or a newer one; null: never. */
  readonly safeSinceMs: number | null;
  readonly level: 'ok' | 'warning';
  readonly text: string;
  readonly nextStep: string;
}

/** Whether the coordinator's disk may burn: enough devices keep a bundle that is not too old. */
export function bundleStanding(facts: BundleStandingFacts, settings: BundleSettings = bundleSettings): BundleStanding {
  const { nowMs, devicesSinceMs, devices, keptMadeAtMs } = facts;
  const needed = Math.min(settings.needed, devices);
  const newestFirst = [...keptMadeAtMs].sort((a, b) => b - a);
  const safeSinceMs = needed === 0 ? null : (newestFirst[needed - 1] ?? null);
  const about = { needed, safeSinceMs };
  if (devicesSinceMs === null || needed === 0)
    return { ...about, level: 'ok', text: 'There is no device yet that could keep what a new coordinator would need.', nextStep: '' };
  const devicesOf = (n: number): string => `${n} ${n === 1 ? 'device' : 'devices'}`;
  if (safeSinceMs !== null && nowMs - safeSinceMs <= settings.warnAfterMs)
    return {
      ...about,
      level: 'ok',
      text: `${devicesOf(newestFirst.filter((ms) => ms >= safeSinceMs).length)} keep what a new coordinator would need.`,
      nextStep: '',
    };
  if (safeSinceMs === null && nowMs - devicesSinceMs <= settings.graceMs)
    return { ...about, level: 'ok', text: 'What a new coordinator would need is being left with the first devices.', nextStep: '' };
  return {
    ...about,
    level: 'warning',
    text:
      safeSinceMs === null
        ? `Fewer than ${devicesOf(needed)} keep what a new coordinator would need if this one’s disk were lost.`
        : `What a new coordinator would need was last left with ${devicesOf(needed)} on ${new Date(safeSinceMs).toISOString().slice(0, 10)}.`,
    nextStep: 'Switch on more devices, best an anchor; until then keep a copy of the coordinator’s folder, or download the bundle.',
  };
}
