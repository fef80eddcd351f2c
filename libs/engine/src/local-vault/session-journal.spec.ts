import { describe, expect, it } from '@jest/globals';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackId } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { SessionJournal } from './session-journal.ts';

const folder = temporaryFolders();
const id = (letter: string): PackId => `b${letter.repeat(58)}` as PackId;

describe('session journal', () => {
  it('gives back what was added, torn at any byte: whole entries only, and those added after the tear', async () => {
    const path = join(await folder('journal'), 'session.journal');
    const journal = new SessionJournal(nodeFiles, path);
    expect(await journal.read()).toEqual([]);
    const entries = ['a', 'b', 'c'].map((letter, ordinal) => ({ ordinal: ordinal * 1000, packId: id(letter) }));
    for (const entry of entries) await journal.add([entry]);
    const whole = readFileSync(path);
    const lineLength = whole.length / 3;
    for (let cut = 0; cut <= whole.length; cut += 7) {
      writeFileSync(path, whole.subarray(0, cut));
      const kept = (await journal.read()).length;
      expect(kept).toBeGreaterThanOrEqual(Math.floor((cut - 6) / lineLength));
      await journal.add([{ ordinal: 9, packId: id('d') }]);
      const read = await journal.read();
      expect(read).toEqual([...entries.slice(0, kept), { ordinal: 9, packId: id('d') }]);
    }
    await journal.keepOnly(() => entries.slice(1));
    expect(await journal.read()).toEqual(entries.slice(1));
    await journal.keepOnly(() => []);
    expect(await journal.read()).toEqual([]);
  });

  it('takes nothing from a line with a flipped bit or from elsewhere', async () => {
    const path = join(await folder('journal'), 'session.journal');
    const journal = new SessionJournal(nodeFiles, path);
    await journal.add([{ ordinal: 5, packId: id('a') }]);
    const whole = readFileSync(path);
    for (let at = 1; at < whole.length; at += 1) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 1;
      writeFileSync(path, changed);
      expect(await journal.read()).toEqual([]);
    }
    writeFileSync(path, whole);
    appendFileSync(path, '\n1 7 not-a-pack 00000000\n\u0000\u0000\u0000');
    expect(await journal.read()).toEqual([{ ordinal: 5, packId: id('a') }]);
  });

  it('is read however many packs the first backup of a large disk had stored', async () => {
    const path = join(await folder('journal'), 'session.journal');
    const journal = new SessionJournal(nodeFiles, path);
    await journal.add([{ ordinal: 999_999, packId: id('a') }]);
    // Seven terabytes in packs of 32 MiB. Only the last of them counts, since checking them all takes long.
    const line = readFileSync(path, 'latin1');
    writeFileSync(path, Buffer.from(line.replace('\n1 ', '\n0 ').repeat(230_000) + line, 'latin1'));
    expect(await journal.read()).toEqual([{ ordinal: 999_999, packId: id('a') }]);
  });
});
