import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DeviceId } from '#libs/kernel';
import type { BundleCandidate } from './bundle-keepers.ts';
import { bundleSettings, bundleStanding, planBundleKeepers } from './bundle-keepers.ts';

const id = (n: number): DeviceId => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}` as DeviceId;
const device = (n: number, over: Partial<BundleCandidate> = {}): BundleCandidate => ({
  ...{ deviceId: id(n), site: 'office', class: 'workstation', online: true, hasNewest: false, hasOlder: false },
  ...over,
});

describe('who is to keep the coordinator’s bundle', () => {
  it('prefers another site, then an anchor, then who kept one before', () => {
    const all = [device(1), device(2, { hasOlder: true }), device(3, { class: 'anchor' }), device(4, { site: 'home' })];
    expect(planBundleKeepers(all, { ...bundleSettings, keepers: 4 })).toEqual([id(3), id(4), id(2), id(1)]);
  });

  it('asks nobody when enough have it, wherever they are now, and nobody who is away', () => {
    const having = [1, 2, 3, 4, 5].map((n) => device(n, { hasNewest: true, online: false }));
    expect(planBundleKeepers([...having, device(6)])).toEqual([]);
    expect(planBundleKeepers([device(1, { online: false })])).toEqual([]);
  });

  it('never asks more than are missing, nobody twice, none that has it, and spreads over sites as evenly as these allow', () => {
    const candidates = fc.uniqueArray(
      fc.record({
        deviceId: fc.nat(50).map(id),
        site: fc.constantFrom('a', 'b', 'c'),
        class: fc.constantFrom<BundleCandidate['class']>('workstation', 'anchor'),
        online: fc.boolean(),
        hasNewest: fc.boolean(),
        hasOlder: fc.boolean(),
      }),
      { selector: (one) => one.deviceId, maxLength: 30 },
    );
    fc.assert(
      fc.property(candidates, fc.integer({ min: 0, max: 8 }), (all, keepers) => {
        const picked = planBundleKeepers(all, { ...bundleSettings, keepers });
        const having = all.filter((one) => one.hasNewest).length;
        const able = all.filter((one) => one.online && !one.hasNewest);
        expect(new Set(picked).size).toBe(picked.length);
        expect(picked.length).toBe(Math.min(Math.max(0, keepers - having), able.length));
        expect(picked.every((deviceId) => able.some((one) => one.deviceId === deviceId))).toBe(true);
        // Nobody was left out at a site that has two fewer than one that was asked again.
        const has = (site: string) => all.filter((one) => one.site === site && (one.hasNewest || picked.includes(one.deviceId))).length;
        for (const out of able.filter((one) => !picked.includes(one.deviceId)))
          for (const chosen of all.filter((one) => picked.includes(one.deviceId)))
            expect(has(chosen.site)).toBeLessThanOrEqual(has(out.site) + 1);
        expect(planBundleKeepers([...all].reverse(), { ...bundleSettings, keepers })).toEqual(picked);
      }),
    );
  });
});

describe('whether the coordinator’s disk may burn', () => {
  const hour = 3_600_000;
  const now = 1_000 * hour;
  const facts = { nowMs: now, devicesSinceMs: 0, devices: 10 };

  it.each([
    ['no device', { ...facts, devices: 0, devicesSinceMs: null, keptMadeAtMs: [] }, 'ok', null],
    ['the first day', { ...facts, devicesSinceMs: now - 23 * hour, keptMadeAtMs: [] }, 'ok', null],
    ['never left', { ...facts, keptMadeAtMs: [now, now] }, 'warning', null],
    ['left with three', { ...facts, keptMadeAtMs: [now, now - hour, now - 2 * hour, now - 900 * hour] }, 'ok', now - 2 * hour],
    ['left with three 72 hours ago', { ...facts, keptMadeAtMs: [now, now, now - 72 * hour] }, 'ok', now - 72 * hour],
    ['left with three longer ago', { ...facts, keptMadeAtMs: [now, now, now - 72 * hour - 1] }, 'warning', now - 72 * hour - 1],
    ['two devices, both have it', { ...facts, devices: 2, keptMadeAtMs: [now, now] }, 'ok', now],
  ] as const)('%s', (_, given, level, safeSinceMs) => {
    expect(bundleStanding(given)).toMatchObject({ level, safeSinceMs });
    expect(bundleStanding(given).nextStep === '').toBe(level === 'ok');
  });
});
