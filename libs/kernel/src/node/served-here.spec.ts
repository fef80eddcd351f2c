import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isEntryServedHere, isServedHere, serveHere } from './served-here.ts';

let home: string;
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-served-')));
  for (const name of ['documents/shown', 'elsewhere']) mkdirSync(join(home, name), { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true }));

const onLinux = process.platform === 'win32' ? it.skip : it;

onLinux('knows a served folder by every way to it, and nothing else', () => {
  symlinkSync(join(home, 'documents'), join(home, 'link'));
  symlinkSync('../documents/./shown/', join(home, 'elsewhere/relative'));
  symlinkSync('loop', join(home, 'loop'));
  const shown = join(home, 'documents/shown');
  expect(isServedHere(shown)).toBe(false);
  const end = serveHere(join(home, 'link/shown'));
  const inside = [shown, `${shown}/below/it`, 'link/shown', 'link/shown/', 'elsewhere/relative/x', 'elsewhere/../link/shown'];
  for (const path of inside) expect([path, isServedHere(path.startsWith('/') ? path : join(home, path))]).toEqual([path, true]);
  for (const path of ['', 'documents', 'documents/shown2', 'elsewhere', 'loop', 'gone/shown', 'documents/shown/..'])
    expect([path, isServedHere(join(home, path))]).toEqual([path, false]);
  const entry = (folder: string, name: string): boolean => isEntryServedHere(Buffer.from(join(home, folder)), Buffer.from(name));
  expect([entry('documents', 'shown'), entry('link', 'shown'), entry('elsewhere', 'shown'), entry('documents', 'other')]).toEqual([
    ...[true, true],
    ...[false, false],
  ]);
  const noText = Buffer.concat([Buffer.from(`${home}/`), Buffer.from([0xff])]);
  symlinkSync(join(home, 'documents'), noText);
  expect(isEntryServedHere(noText, Buffer.from('shown'))).toBe(true);
  end();
  expect(isServedHere(shown)).toBe(false);
});
