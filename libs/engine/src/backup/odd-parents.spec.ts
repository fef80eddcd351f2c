import { describe, expect, it } from '@jest/globals';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CborWriter } from '../../../vault/src/cbor/cbor-writer.ts';
import { backupPlace } from '../testing/backup-place.ts';
import { watchedPlatform } from '../testing/watched-platform.ts';

const here = backupPlace();

/** One entry's group name is not UTF-8 in the stored tree, as after a flipped bit in memory: sealed, with a right id, and no reader takes it. */
async function runWithOneBadText(): Promise<void> {
  // oxlint-disable-next-line typescript/unbound-method -- put back below
  const { text } = CborWriter.prototype;
  let groups = 0;
  let isNext = false;
  CborWriter.prototype.text = function (value) {
    if (isNext) this.raw(Uint8Array.of(0x61, 0xff));
    else text.call(this, value);
    isNext = !isNext && value === 'gn' && (groups += 1) === 4;
  };
  try {
    await here.run();
  } finally {
    CborWriter.prototype.text = text;
  }
  expect(groups).toBeGreaterThanOrEqual(4);
}

describe('a parent tree with an entry that no reader takes', () => {
  it('is written anew by a run in which nothing changed', async () => {
    for (let i = 0; i < 9; i += 1) writeFileSync(join(here.source, `file ${i}`), `content ${i}`);
    await runWithOneBadText();
    await here.run();
    await here.expectRestored();
  });

  it('fails no run in which something changed', async () => {
    for (let i = 0; i < 9; i += 1) writeFileSync(join(here.source, `file ${i}`), `content ${i}`);
    await runWithOneBadText();
    appendFileSync(join(here.source, 'file 7'), 'x');
    await here.run();
    await here.expectRestored();
  });
});

describe('parent trees of many large folders', () => {
  it('are not all kept while each waits for one file', async () => {
    const folders = 16;
    for (let i = 0; i < folders; i += 1) {
      mkdirSync(join(here.source, `folder ${i}`));
      for (let j = 0; j < 600; j += 1) writeFileSync(join(here.source, `folder ${i}`, `file ${j}`), 'x');
      writeFileSync(join(here.source, `folder ${i}`, 'zz'), 'y');
    }
    await here.run({ workers: 0 });
    for (let i = 0; i < folders; i += 1) appendFileSync(join(here.source, `folder ${i}`, 'zz'), 'z');
    let listed = 0;
    let atFirstOpen: number | undefined;
    const platform = watchedPlatform({ onOpen: () => (atFirstOpen ??= listed) });
    const { snapshot } = await here.run({
      workers: 0,
      platform: {
        ...platform,
        names: (path) => ((listed += 1), platform.names(path)),
        namesNow: (path) => ((listed += 1), platform.namesNow(path)),
      },
    });
    expect(snapshot.stats).toMatchObject({ changedFiles: folders, unchangedFiles: folders * 600 });
    expect(atFirstOpen).toBeLessThan(8);
  });
});
