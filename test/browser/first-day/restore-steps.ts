import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { FirstDay } from '../support/first-day.ts';
import { download, goTo, openFolders, team, unlock } from '../support/steps.ts';

/** Restores in the browser and to another machine. */
export function restoreSteps(day: FirstDay): void {
  day.step(
    'restores one file in the browser, byte for byte',
    async () => {
      const { page } = day.browser;
      await goTo(page, 'Devices');
      await page.getByRole('link', { name: 'ada', exact: true }).click();
      await page.getByRole('link', { name: 'Restore files' }).click();
      await page.getByRole('button', { name: 'Unlock' }).waitFor();
      await day.accessible();
      await unlock(page, day.kitPath, 'a wrong passphrase');
      await page.getByRole('alert').getByText('wrong_passphrase').waitFor({ timeout: 60_000 });
      await unlock(page, day.kitPath, team.passphrase);
      await page.getByRole('list', { name: 'Files and folders' }).waitFor({ timeout: 60_000 });
      await openFolders(page, join(day.folder, 'ada', 'documents'));
      await day.accessible();
      const engine = await download(page, () => page.getByRole('button', { name: 'Download engine.bin' }).click(), day.folder);
      expect(engine.bytes.equals(day.secretFile)).toBe(true);
      await openFolders(page, 'letters');
      const letter = await download(page, () => page.getByRole('button', { name: 'Download Übersicht.txt' }).click(), day.folder);
      expect(letter.name).toBe('Übersicht.txt');
      expect(letter.bytes.equals(day.report)).toBe(true);
    },
    240_000,
  );

  day.step(
    'streams a large file to disk where the browser can',
    async () => {
      const { page } = day.browser;
      await page.getByRole('navigation', { name: 'Folder' }).getByRole('button', { name: 'documents', exact: true }).click();
      // The dialog is the browser's own and can't be driven; what it would give, a file handle, is real.
      await page.evaluate(`window.showSaveFilePicker = async ({ suggestedName }) =>
      (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true })`);
      await page.getByRole('button', { name: 'Download film.raw' }).click();
      await page.getByText('film.raw is restored').waitFor({ timeout: 120_000 });
      const digest = await page.evaluate(`(async () => {
      const handle = await (await navigator.storage.getDirectory()).getFileHandle('film.raw');
      const hash = await crypto.subtle.digest('SHA-256', await (await handle.getFile()).arrayBuffer());
      return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
    })()`);
      expect(digest).toBe(createHash('sha256').update(day.film).digest('hex'));
    },
    180_000,
  );

  day.step(
    'restores to another machine with the vault key sealed for that machine',
    async () => {
      const { page } = day.browser;
      const restores = join(day.folder, 'grace', 'restored');
      await writeFile(join(day.folder, 'grace', 'home', 'backup.yaml'), `panelRestores: ['${restores}']\n`, { mode: 0o600 });
      await page.getByRole('checkbox', { name: 'Choose letters' }).check();
      await page.getByText('1 entry chosen: 1 file').waitFor();
      await page.getByRole('button', { name: 'Send to a device' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('combobox', { name: 'To which device' }).fill('grace');
      await page.getByRole('option', { name: /grace/ }).click();
      await dialog.getByRole('radio', { name: 'Into another folder' }).check();
      await dialog.getByText('Only where that machine allows it').waitFor();
      await day.accessible();
      await dialog.getByRole('radio', { name: 'Into its folder for restores' }).check();
      await dialog.getByRole('textbox', { name: 'Name of the new folder' }).fill('letters of ada');
      await day.accessible();
      await dialog.getByRole('button', { name: 'Start the restore' }).click();
      await page.getByRole('heading', { name: 'Receipt of a restore' }).waitFor({ timeout: 120_000 });
      await page.getByText('Everything was written.', { exact: false }).waitFor({ state: 'attached' });
      await day.accessible();
      const restored = await findFile(join(restores, 'letters of ada'), 'Übersicht.txt');
      expect((await readFile(restored)).equals(day.report)).toBe(true);
    },
    240_000,
  );

  day.step(
    'forgets the recovery key when it is locked',
    async () => {
      const { page } = day.browser;
      await page.getByRole('button', { name: 'Lock recovery key' }).click();
      await page.getByRole('link', { name: 'Restore more' }).click();
      await page
        .getByRole('table', { name: 'Restores' })
        .getByText('grace')
        .or(page.getByRole('table', { name: 'Restores' }))
        .first()
        .waitFor();
      expect(await page.getByRole('list', { name: 'Files and folders' }).count()).toBe(0);
    },
    120_000,
  );

  day.step(
    'refuses what was altered on its way, and goes on with what was not',
    async () => {
      const { page } = day.browser;
      const altered: string[] = [];
      await page.route(/\/packs\/[^/]+\/leaves/, async (route) => {
        const response = await route.fetch();
        const body = await response.body();
        body[body.length >> 1]! ^= 1;
        altered.push(route.request().url());
        await route.fulfill({ response, body });
      });
      await goTo(page, 'Devices');
      await page.getByRole('link', { name: 'ada', exact: true }).click();
      await page.getByRole('link', { name: 'Restore files' }).click();
      await unlock(page, day.kitPath, team.passphrase);
      const refusal = page.getByRole('alert').filter({ hasText: 'The vault could not be opened' });
      await refusal.waitFor({ timeout: 60_000 });
      expect(altered.length).toBeGreaterThan(0);
      expect(await page.getByRole('list', { name: 'Files and folders' }).count()).toBe(0);
      await day.accessible();
      await page.unroute(/\/packs\/[^/]+\/leaves/);
      await refusal.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('list', { name: 'Files and folders' }).waitFor({ timeout: 60_000 });
      await page.getByRole('button', { name: 'Lock recovery key' }).click();
    },
    120_000,
  );
}

/** The one file of that name anywhere below a folder. */
async function findFile(below: string, name: string): Promise<string> {
  const found = (await readdir(below, { recursive: true, withFileTypes: true })).filter((entry) => entry.name === name);
  expect(found).toHaveLength(1);
  return join(found[0]!.parentPath, name);
}
