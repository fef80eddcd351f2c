import { describe, expect, it } from '@jest/globals';
import { counted, formatBytes, formatDuration } from './quantities.ts';
import { deviceProtectionWords, protectionWords, runResultWords, snapshotWords } from './states.ts';
import { absoluteTime, relativeTime } from './times.ts';

describe('quantities', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1.00 kB'],
    [12_345, '12.3 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [4_294_967_296, '4.29 GB'],
    [5e18, '5000 PB'],
  ])('%d is %s', (bytes, words) => expect(formatBytes(bytes)).toBe(words));

  it.each([
    [0, 'under 1 s'],
    [45_000, '45 s'],
    [180_000, '3 min'],
    [7_500_000, '2 h 5 min'],
    [7_200_000, '2 h'],
    [345_600_000, '4 days'],
  ])('%d ms is %s', (durationMs, words) => expect(formatDuration(durationMs)).toBe(words));

  it('counts in words', () => {
    expect([counted(1, 'device'), counted(0, 'device'), counted(1200, 'pack'), counted(2, 'copy', 'copies')]).toEqual([
      '1 device',
      '0 devices',
      '1,200 packs',
      '2 copies',
    ]);
  });
});

describe('times', () => {
  const now = Date.parse('2026-11-22T12:00:00Z');
  it.each([
    [0, 'just now'],
    [-60_000, '1 min ago'],
    [-3_600_000, '1 h ago'],
    [-86_400_000, 'yesterday'],
    [-5 * 86_400_000, '5 days ago'],
    [3 * 3_600_000, 'in 3 h'],
    [86_400_000, 'tomorrow'],
  ])('%d ms from now is %s', (distance, words) => expect(relativeTime(now + distance, now)).toBe(words));

  it('names the minute in the zone that is asked for', () => {
    expect(absoluteTime(now, 'Asia/Tokyo')).toBe('Sun 22 Nov 2026, 21:00'.replace('Sun 22', 'Sun, 22'));
  });
});

describe('only protected is green', () => {
  it('for snapshots', () => {
    expect(protectionWords.captured.tone).toBe('waiting');
    const words = (protection: 'captured' | 'full', partial: boolean, errors: number) =>
      snapshotWords({ protection, partial, stats: { errors } });
    expect(words('full', false, 0)).toMatchObject({ tone: 'protected', label: 'Protected, full' });
    expect(words('captured', true, 0)).toMatchObject({ tone: 'waiting', label: 'Captured, incomplete' });
    for (const [partial, errors] of [
      [true, 0],
      [true, 3],
      [false, 1],
    ] as const)
      expect(words('full', partial, errors)).toMatchObject({ tone: 'waiting', label: 'Protected, full, incomplete' });
  });

  it.each([
    [{ state: 'captured', protection: 'full', fileErrors: 0 }, 'protected'],
    [{ state: 'captured', protection: 'protected', fileErrors: 0 }, 'protected'],
    [{ state: 'captured', protection: 'captured', fileErrors: 0 }, 'waiting'],
    [{ state: 'captured', protection: null, fileErrors: 0 }, 'waiting'],
    [{ state: 'captured', fileErrors: 0 }, 'waiting'],
    [{ state: 'running', protection: null, fileErrors: 0 }, 'active'],
    [{ state: 'failed', protection: 'full', fileErrors: 0 }, 'risk'],
    [{ state: 'interrupted', protection: null, fileErrors: 0 }, 'risk'],
    [{ state: 'captured', protection: 'full', fileErrors: 1 }, 'waiting'],
    [{ state: 'failed', protection: null, fileErrors: 1 }, 'risk'],
  ] as const)('for runs: %o', (run, tone) => expect(runResultWords(run).tone).toBe(tone));

  it.each([
    [{ lastCapturedAtMs: null, lastProtectedAtMs: null, rpoMet: null, incomplete: null }, 'neutral'],
    [{ lastCapturedAtMs: 1, lastProtectedAtMs: null, rpoMet: null, incomplete: null }, 'waiting'],
    [{ lastCapturedAtMs: 1, lastProtectedAtMs: 1, rpoMet: false, incomplete: null }, 'risk'],
    [{ lastCapturedAtMs: 1, lastProtectedAtMs: 1, rpoMet: true, incomplete: null }, 'protected'],
    [{ lastCapturedAtMs: 1, lastProtectedAtMs: 1, rpoMet: true, incomplete: { unread: 2, inTime: false } }, 'waiting'],
    [{ lastCapturedAtMs: 1, lastProtectedAtMs: 1, rpoMet: false, incomplete: { unread: 2, inTime: true } }, 'waiting'],
    [{ lastCapturedAtMs: 1, lastProtectedAtMs: null, rpoMet: null, incomplete: { unread: 2, inTime: true } }, 'waiting'],
    [{ lastCapturedAtMs: 1, lastProtectedAtMs: 1, rpoMet: false, incomplete: { unread: 2, inTime: false } }, 'risk'],
  ] as const)('for devices: %o', (device, tone) =>
    expect(deviceProtectionWords({ class: 'workstation', vaultId: 'v', ...device }).tone).toBe(tone),
  );

  it('says of an anchor without a backup that it only stores', () => {
    const never = { vaultId: null, lastCapturedAtMs: null, lastProtectedAtMs: null, rpoMet: null, incomplete: null };
    expect(deviceProtectionWords({ ...never, class: 'anchor' }).label).toBe('Storage only');
    expect(deviceProtectionWords({ ...never, class: 'workstation' }).label).toBe('No backup yet');
  });
});
