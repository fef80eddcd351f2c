import { describe, expect, it } from '@jest/globals';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { TreeWriter } from '#libs/vault';
import { nodePrimitives } from '#libs/crypto/node';
import { currentPlatform, type Platform, restore } from '../index.ts';
import { restorePlace } from '../testing/restore-place.ts';

const here = restorePlace();

describe('it never writes elsewhere', () => {
  it.each(['overwrite', 'skip', 'keep-both'] as const)('through a link that stands where a folder belongs (%s)', async (conflict) => {
    const elsewhere = join(here.home, 'elsewhere');
    fs.mkdirSync(elsewhere);
    fs.mkdirSync(here.at(), { recursive: true });
    fs.symlinkSync(elsewhere, here.at('sub'));
    const report = await here.run({ conflict });
    expect(fs.readdirSync(elsewhere)).toEqual([]);
    if (conflict === 'overwrite')
      expect(report.errors).toEqual([expect.objectContaining({ code: 'symlink_in_path', path: here.at('sub') })]);
    expect(fs.lstatSync(here.at('sub')).isSymbolicLink()).toBe(true);
  });

  it('through a link above, below the chosen folder', async () => {
    const elsewhere = join(here.home, 'elsewhere');
    fs.mkdirSync(elsewhere);
    fs.mkdirSync(here.out);
    fs.symlinkSync(elsewhere, join(here.out, here.source.split('/')[1]!));
    await expect(here.run({ conflict: 'overwrite' })).rejects.toMatchObject({ code: 'destination_invalid' });
    expect(fs.readdirSync(elsewhere)).toEqual([]);
  });

  it('through a link that somebody puts there meanwhile', async () => {
    const elsewhere = join(here.home, 'elsewhere');
    fs.mkdirSync(elsewhere);
    const real = currentPlatform();
    const platform: Platform = {
      ...real,
      create(path) {
        // After the first file was begun the folder `sub` is exchanged for a link.
        if (fs.existsSync(here.at('sub')) && !fs.existsSync(here.at('moved'))) {
          fs.renameSync(here.at('sub'), here.at('moved'));
          fs.symlinkSync(elsewhere, here.at('sub'));
        }
        return real.create(path);
      },
    };
    const report = await here.run({ platform, conflict: 'overwrite' });
    expect(fs.readdirSync(elsewhere)).toEqual([]);
    expect(report.errors.map(({ code }) => code)).toContain('symlink_in_path');
  });

  it('under names that lead out of the folder', async () => {
    // A tree with such a name can't be written by TreeWriter; so the check of the restore stands for readers that are wrong.
    const writer = new TreeWriter({ primitives: nodePrimitives(), gearKey: new Uint8Array(32), store: async () => new Uint8Array(32) });
    await expect(
      writer.add({ name: Buffer.from('..'), type: 'fifo', mode: 0, uid: 0, gid: 0, mtimeNs: 0n, size: 0 }),
    ).rejects.toMatchObject({ code: 'unsafe_name' });
    const opened = await here.fixture.reader(here.vault);
    const reader = Object.create(opened.reader, {
      walk: {
        value: async function* (...args: Parameters<typeof opened.reader.walk>) {
          for await (const walked of opened.reader.walk(...args)) {
            yield walked;
            if (walked.entry.type !== 'directory') continue;
            for (const name of ['..', '../../evil', 'a\0b', '']) {
              const evil = { name: Buffer.from(name), type: 'fifo' as const, mode: 0o600, uid: 0, gid: 0, mtimeNs: 0n, size: 0 };
              yield { ...walked, path: [...walked.path, evil.name], entry: evil };
            }
          }
        },
      },
      snapshot: { value: opened.reader.snapshot.bind(opened.reader) },
      latest: { value: opened.reader.latest.bind(opened.reader) },
      allChunksOf: { value: opened.reader.allChunksOf.bind(opened.reader) },
      packs: { value: opened.reader.packs },
      blocks: { value: opened.reader.blocks },
      opener: { value: opened.reader.opener },
      packOf: { value: opened.reader.packOf.bind(opened.reader) },
    }) as typeof opened.reader;
    const report = await restore({ reader, to: here.out, conflict: 'overwrite' });
    expect(report.errors).toHaveLength(8);
    expect(new Set(report.errors.map(({ code }) => code))).toEqual(new Set(['unsafe_name']));
    expect(report.files).toBe(4);
  });
});
