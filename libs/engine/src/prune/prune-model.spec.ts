import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, type PackId } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { faultyFiles, Killed, memoryFolder, seededRandom } from '#libs/kernel/testing';
import { inflateSync } from 'node:zlib';
import { PackBitmap } from '#libs/vault';
import {
  backup,
  check,
  compareTrees,
  forget,
  type LocalVault,
  prune,
  releaseRetired,
  restore,
  retainedSnapshots,
  setPinned,
} from '../index.ts';
import { describesWhatItKnows } from '../testing/index-on-disk.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';

const folder = temporaryFolders(memoryFolder());
/** More with `HOLDFAST_PRUNE_SCHEDULES=200`. */
const schedules = Number(process.env['HOLDFAST_PRUNE_SCHEDULES'] ?? 2);
// Some four seconds of work for each where nobody else is at work, and many times that on a busy machine: only what hangs gets near.
jest.setTimeout(60_000 + schedules * 120_000);
const stepsPerSchedule = 14;
const rules = { maxRewriteBytes: 300_000, smallPacks: 3, smallIndexPacks: 3, smallIndexEntries: 40, indexDeadShare: 0.3 };

let open: LocalVault | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

/** A reader says of a dead disk that the source is gone. */
function wasKilled(error: unknown): boolean {
  if (error instanceof Killed || messageOf(error).includes('killed at file operation')) return true;
  return error instanceof Error && error.cause !== undefined && wasKilled(error.cause);
}

/**
 * One vault, its clock and what it should hold: a copy of the source folder for every snapshot. The random interleavings
 * of backup, forget, pin, prune, release and kills must never make one of them unrestorable.
 */
class Model {
  readonly copies = new Map<number, string>();
  nowMs = Date.UTC(2026, 0, 1);
  readonly #home: string;
  readonly #random: ReturnType<typeof seededRandom>;
  readonly #fixture: VaultFixture;
  /** Every pack that holders have, and those that they were given leave to delete. */
  readonly #held = new Set<PackId>();
  readonly #released = new Set<PackId>();
  deleted = 0;
  kills = 0;
  retired = 0;

  constructor(home: string, seed: number, fixture: VaultFixture) {
    this.#home = home;
    this.#random = seededRandom(seed);
    this.#fixture = fixture;
    mkdirSync(this.source, { recursive: true });
  }

  get source(): string {
    return join(this.#home, 'source');
  }

  get packFolder(): string {
    return join(this.#home, 'packs');
  }

  changeSource(): void {
    for (let i = this.#random.int(4) + 1; i > 0; i -= 1) {
      const at = join(this.source, `sub ${this.#random.int(3)}`);
      mkdirSync(at, { recursive: true });
      const path = join(at, `file ${this.#random.int(6)}`);
      if (existsSync(path) && this.#random.int(3) === 0) rmSync(path);
      // Few different contents, so that chunks that went come back.
      else writeFileSync(path, seededRandom(this.#random.int(40)).bytes(20_000 + this.#random.int(5) * 1_000));
    }
  }

  /** Up to three things after one another in one opening, on a file system that may die in the middle. Reopens when it did. */
  async step(): Promise<string> {
    const dies = this.#random.int(3) === 0;
    const killAt = 1 + this.#random.int(40);
    const killHow = (['before', 'torn', 'after'] as const)[this.#random.int(3)]!;
    const files = dies ? faultyFiles(nodeFiles, { killAt, killHow, seed: killAt }) : nodeFiles;
    const things = Array.from(
      { length: 1 + this.#random.int(3) },
      () => ['backup', 'backup', 'forget', 'prune', 'prune', 'both', 'release', 'pin'][this.#random.int(8)]!,
    );
    const name = `${things.join(' and ')}${dies ? ` (killed ${killHow} ${killAt})` : ''}`;
    try {
      open = await this.#fixture.open({ files, store: filePackStore(this.packFolder, files) });
      for (const what of things) {
        await this.#run(what, open);
        // A long-lived process goes by the index in memory, everybody else by the one that it wrote.
        if (!dies)
          expect({ after: name, differences: await describesWhatItKnows(this.#fixture, open) }).toEqual({ after: name, differences: [] });
      }
    } catch (error) {
      if (!wasKilled(error)) throw new Error(name, { cause: error });
      this.kills += 1;
    } finally {
      await open?.close();
      open = undefined;
    }
    return name;
  }

  async #run(what: string, vault: LocalVault): Promise<void> {
    if (what === 'backup') await this.#backup(vault);
    else if (what === 'prune') await this.#prune(vault);
    else if (what === 'release') await this.#release(vault);
    else if (what === 'both') {
      // Side by side in one process; whichever fails, the other one ends first.
      const work = [this.#prune(vault), this.#backup(vault), this.#prune(vault)];
      await Promise.allSettled(work);
      await Promise.all(work);
    } else {
      const kept = vault.head.snapshots.map(({ sequence }) => sequence);
      const some = kept.filter((sequence) => sequence !== kept.at(-1) && this.#random.int(2) === 0);
      if (what === 'pin') {
        const sequence = kept[this.#random.int(kept.length || 1)];
        if (sequence === undefined) return;
        await setPinned(vault, sequence, vault.head.pinned?.includes(sequence) !== true);
      } else {
        await forget(
          vault,
          some.filter((sequence) => vault.head.pinned?.includes(sequence) !== true),
        );
      }
    }
  }

  async #backup(vault: LocalVault): Promise<void> {
    this.changeSource();
    const next = (vault.head.snapshots.at(-1)?.sequence ?? 0) + 1;
    const copy = join(this.#home, `copy of ${next}`);
    rmSync(copy, { recursive: true, force: true });
    execFileSync('cp', ['-a', this.source, copy]);
    this.copies.set(next, copy);
    const { snapshot } = await backup({ vault, folders: [this.source], host: 'h', user: 'u' });
    expect(snapshot.sequence).toBe(next);
  }

  async #prune(vault: LocalVault): Promise<void> {
    const { retired } = await prune({ vault, rules });
    this.retired += retired.length;
  }

  async #release(vault: LocalVault): Promise<void> {
    for (const { packId } of vault.allPacks()) if (this.#random.int(12) > 0) this.#held.add(packId);
    const live = new Set(vault.allPacks().map(({ packId }) => packId));
    await releaseRetired(vault, {
      isProtected: (packId) => this.#held.has(packId),
      releasePacks: async (packs) => {
        for (const { packId, waitsFor } of packs) {
          expect(live.has(packId)).toBe(false);
          // What stands in for it is safe elsewhere, or has itself been replaced by something that is.
          for (const other of waitsFor) expect(this.#held.has(other) || !live.has(other)).toBe(true);
        }
        const recorded = packs.filter(() => this.#random.int(3) > 0).map(({ packId }) => packId);
        for (const packId of recorded) this.#released.add(packId);
        return recorded;
      },
    });
    this.nowMs += 4_000_000;
    // The owner's own copies of what was released go some time later.
    for (const packId of this.#released) {
      if (this.#random.int(2) === 0) continue;
      await vault.options.store.delete(packId);
      this.#released.delete(packId);
      this.deleted += 1;
    }
  }

  /** Every snapshot of the head restores to what its folder was; nothing is missing, unknown or wrong in the vault. */
  async examine(where: string): Promise<void> {
    const vault = await this.#fixture.open({ store: filePackStore(this.packFolder) });
    try {
      const opened = await this.#fixture.reader(vault, [filePackStore(this.packFolder)]);
      expect({ where, complete: opened.reader.complete }).toEqual({ where, complete: true });
      const report = await check({ ...opened, store: filePackStore(this.packFolder), readData: 'all' });
      expect({ where, errors: report.findings.filter(({ severity }) => severity === 'error') }).toEqual({ where, errors: [] });
      for (const { sequence } of vault.head.snapshots) {
        const out = join(this.#home, 'out');
        rmSync(out, { recursive: true, force: true });
        const { errors } = await restore({ ...opened, snapshot: sequence, to: out, conflict: 'fail' });
        const differences = await compareTrees(this.copies.get(sequence)!, join(out, this.source));
        expect({ where, sequence, errors, differences }).toEqual({ where, sequence, errors: [], differences: [] });
      }
      for await (const { sequence, neededPacks } of retainedSnapshots(vault)) {
        const exact = await opened.reader.neededPacks(await opened.reader.snapshot(sequence));
        const found = [...PackBitmap.fromBytes(inflateSync(neededPacks)).ordinals()];
        expect({ where, sequence, found }).toEqual({ where, sequence, found: [...exact.ordinals()] });
      }
    } finally {
      await vault.close();
    }
  }
}

describe('backup, forget, prune and release in any order, killed at any write', () => {
  /** Where it is now; a test that is ended by its time limit can't say it. */
  let underWay = '';
  afterEach(() => expect(underWay).toBe(''));

  it('every retained snapshot restores', async () => {
    let retired = 0;
    let kills = 0;
    let deleted = 0;
    for (let round = 0; round < schedules; round += 1) {
      const seed = (Date.now() + round * 7_919) % 1_000_000;
      const home = await folder(`model ${round}`);
      const clock = { nowMs: () => model.nowMs };
      const parameters = { dataPackBytes: 96 * 1024, metaPackBytes: 32 * 1024 };
      const fixture = await vaultFixture(join(home, 'vault'), filePackStore(join(home, 'packs')), parameters, seed, clock);
      const model: Model = new Model(home, seed, fixture);
      await (await fixture.create()).close();
      const done: string[] = [];
      for (let step = 0; step < stepsPerSchedule; step += 1) {
        const where = `seed ${seed}, after ${done.join(', ')}`;
        underWay = `a step, ${where}`;
        done.push(await model.step());
        underWay = `an examination, ${where}, ${done.at(-1)}`;
        await model.examine(`seed ${seed}, after ${done.join(', ')}`);
      }
      retired += model.retired;
      kills += model.kills;
      deleted += model.deleted;
      underWay = '';
      rmSync(home, { recursive: true, force: true });
    }
    // Enough schedules do everything that they are for.
    if (schedules < 10) return;
    expect({ retired: retired > 0, kills: kills > 0, deleted: deleted > 0 }).toEqual({ retired: true, kills: true, deleted: true });
  });
});
