import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { currentPlatform } from '../platform/index.ts';
import { makeNastyTree } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { compareTrees } from './compare-trees.ts';

const folder = temporaryFolders();
const platform = currentPlatform();

describe('compareTrees', () => {
  it('finds nothing between a tree and its true copy, and each single change', async () => {
    const home = await folder('compare');
    const left = join(home, 'left');
    const right = join(home, 'right');
    // cp can't copy what is deeper than PATH_MAX.
    makeNastyTree(left, 2, { deep: false });
    const fresh = (): void => {
      execFileSync('rm', ['-rf', right]);
      execFileSync('cp', ['-a', '--sparse=always', left, right]);
    };
    fresh();
    expect(await compareTrees(left, right)).toEqual([]);

    const keepTime = (path: string, change: () => void): void => {
      const { mtimeNs } = platform.facts(Buffer.from(path));
      change();
      platform.setTimes(Buffer.from(path), mtimeNs);
    };
    const file = join(right, 'small.txt');
    const changes: [string, () => void][] = [
      ['content', () => keepTime(file, () => fs.writeFileSync(file, `J${fs.readFileSync(file, 'utf8').slice(1)}`))],
      ['size', () => keepTime(file, () => fs.appendFileSync(file, 'x'))],
      ['mode', () => fs.chmodSync(file, 0o601)],
      ['mtime', () => void platform.setTimes(Buffer.from(file), platform.facts(Buffer.from(file)).mtimeNs + 1n)],
      ['xattrs', () => void platform.setExtendedAttribute(Buffer.from(file), { name: Buffer.from('user.more'), value: Buffer.alloc(1) })],
      ['missing', () => keepTime(right, () => fs.rmSync(file))],
      ['extra', () => keepTime(right, () => fs.writeFileSync(join(right, 'zzz'), ''))],
      [
        'hard-links',
        () =>
          keepTime(
            join(right, 'links'),
            () => (
              fs.rmSync(join(right, 'links', 'two')),
              execFileSync('cp', ['-a', join(right, 'links', 'one'), join(right, 'links', 'two')])
            ),
          ),
      ],
      ['kind', () => keepTime(right, () => (fs.rmSync(join(right, 'fifo')), fs.writeFileSync(join(right, 'fifo'), '')))],
      ['sparse', () => keepTime(right, () => execFileSync('cp', ['-a', '--sparse=never', join(left, 'sparse'), join(right, 'sparse')]))],
      [
        'link-target',
        () =>
          keepTime(join(right, 'links'), () => {
            const path = join(right, 'links', 'up');
            const { mtimeNs } = platform.facts(Buffer.from(path));
            fs.rmSync(path);
            fs.symlinkSync('../..', path);
            platform.setTimes(Buffer.from(path), mtimeNs);
          }),
      ],
    ];
    for (const [aspect, change] of changes) {
      fresh();
      change();
      expect({ aspect, found: (await compareTrees(left, right)).map((difference) => difference.aspect) }).toEqual({
        aspect,
        found: [aspect],
      });
    }
    if (platform.privileged) {
      fresh();
      fs.chownSync(file, 12_345, 12_345);
      expect((await compareTrees(left, right)).map(({ aspect }) => aspect)).toEqual(['owner']);
      expect(await compareTrees(left, right, { ignore: ['owner'] })).toEqual([]);
    }
  }, 60_000);

  it('takes a socket that only the original has for no difference', async () => {
    const home = await folder('sockets');
    const [left, right] = [join(home, 'left'), join(home, 'right')] as const;
    for (const path of [left, right]) fs.mkdirSync(path);
    const server = createServer().listen(join(left, 'socket'));
    await once(server, 'listening');
    const { mtimeNs } = platform.facts(Buffer.from(left));
    platform.setTimes(Buffer.from(right), mtimeNs);
    expect(await compareTrees(left, right)).toEqual([]);
    expect(await compareTrees(right, left)).toMatchObject([{ aspect: 'extra' }]);
    server.close();
  });
});
