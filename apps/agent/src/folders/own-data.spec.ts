import { describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOwnData, refuseOwnData } from './own-data.ts';

describe('refuseOwnData', () => {
  const home = '/home/ada/.local/share/holdfast';

  it.each([home, `${home}/`, `${home}/packs/own`, `${home}/..data`])('refuses %s', (path) => {
    expect(() => refuseOwnData(['/home/ada', path], home)).toThrow(expect.objectContaining({ code: 'bad_argument' }));
  });

  it.each(['/', '/home/ada', '/home/ada/.local/share', `${home}-other`, '/srv'])('takes %s', (path) => {
    expect(() => refuseOwnData([path], home)).not.toThrow();
  });

  it('refuses it by way of links too', () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-own-data-'));
    try {
      mkdirSync(join(folder, 'real', 'agent', 'packs'), { recursive: true });
      symlinkSync('real', join(folder, 'link'));
      const own = join(folder, 'real', 'agent');
      for (const path of [join(folder, 'link', 'agent'), join(folder, 'link', 'agent', 'packs')]) expect(isOwnData(path, own)).toBe(true);
      expect(isOwnData(own, join(folder, 'link', 'agent'))).toBe(true);
      expect(isOwnData(join(folder, 'link'), own)).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
