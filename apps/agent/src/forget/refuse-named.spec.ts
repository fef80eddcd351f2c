import { describe, expect, it } from '@jest/globals';
import { type NamedFrom, refuseNamed } from './refuse-named.ts';

type Row = NamedFrom['snapshots'] extends ReadonlyMap<number, infer T> ? [number, T] : never;
const path = Buffer.from('/home/ada');
const entry = { name: path, type: 'directory', mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n, size: 0 } as const;
const a = (sequence: number, more: { partial?: boolean; adHoc?: boolean } = {}): Row => [
  sequence,
  { sequence, partial: false, roots: [{ path, entry }], ...more },
];
const said = (wanted: number[], snapshots: Row[], pinned: number[] = []): string => {
  try {
    refuseNamed(new Set(wanted), { snapshots: new Map(snapshots), pinned: new Set(pinned) });
    return 'may go';
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
};

describe('snapshots that are named to be forgotten', () => {
  const snapshots = [a(1), a(2), a(4, { partial: true }), a(5, { adHoc: true }), a(6, { adHoc: true })];

  it('may go, but for pinned ones, the newest of all and the newest complete one of everything', () => {
    expect(said([1, 4, 5], snapshots)).toBe('may go');
    expect(said([5, 1], snapshots, [1])).toBe('snapshot_protected: snapshot 1 is pinned');
    expect(said([1, 2], snapshots)).toContain('snapshot_protected: snapshot 2 is the newest complete one of everything');
    expect(said([6], snapshots)).toContain('snapshot_protected: snapshot 6 is the newest of all');
    expect(said([3], snapshots)).toBe('snapshot_not_found: there is no snapshot 3');
  });

  it('where no complete one is, the newest of everything stays', () => {
    expect(said([4], [a(3, { partial: true }), a(4, { partial: true }), a(5, { adHoc: true })])).toContain(
      'snapshot 4 is the newest one of everything',
    );
    expect(said([5], [a(5, { adHoc: true }), a(6, { adHoc: true })])).toBe('may go');
  });
});
