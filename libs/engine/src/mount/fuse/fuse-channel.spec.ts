import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountFuse } from './fuse-channel.ts';

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('a helper that refuses to mount', () => {
  const path = process.env['PATH'];
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-helper-'));
    process.env['PATH'] = `${folder}:${path}`;
  });
  afterEach(() => {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['says why and ends', 'echo "fusermount3: not for you" >&2; exit 1', /: not for you$/],
    ['closes its pipe before it ends', 'echo "not today" >&2; exec 2>&-; sleep 0.3; exit 1', /: not today$/],
    ['ends while another has its pipe', 'sleep 0.3 & exit 1', /: it gave no reason$/],
    ['is killed', 'kill -9 $$', /: it gave no reason$/],
  ])('%s', async (_, script, words) => {
    const helper = join(folder, 'fusermount3');
    writeFileSync(helper, `#!/bin/sh\n${script}\n`);
    chmodSync(helper, 0o755);
    await expect(mountFuse(folder)).rejects.toMatchObject({ code: 'mount_failed', message: expect.stringMatching(words) });
  });
});
