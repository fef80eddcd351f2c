import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

export const person = { name: 'Ada Lovelace', email: 'ada@example.org', password: 'a long enough password' } as const;
export const team = { name: 'Analytical Engines', passphrase: 'five quiet herons over water' } as const;

/** First run as a person does it, up to the page that shows the recovery kit. */
export async function makeAccountAndTeam(page: Page, setupLink: string): Promise<void> {
  await page.goto(setupLink);
  await page.getByRole('textbox', { name: 'Your name' }).fill(person.name);
  await page.getByRole('textbox', { name: 'Mail address' }).fill(person.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(person.password);
  await page.getByRole('button', { name: 'Go on to the team' }).click();
  await page.getByRole('textbox', { name: 'Team name' }).fill(team.name);
  await page.getByRole('textbox', { name: 'Recovery passphrase' }).fill(team.passphrase);
  await page.getByRole('textbox', { name: 'The same again' }).fill(team.passphrase);
  await page.getByRole('button', { name: 'Make the team’s keys' }).click();
  await page.getByRole('button', { name: 'Download the recovery kit' }).waitFor({ timeout: 60_000 });
}

/** Clicks what starts a download and stores it; resolves to its bytes. */
export async function download(
  page: Page,
  start: () => Promise<void>,
  folder: string,
): Promise<{ name: string; path: string; bytes: Buffer }> {
  const [started] = await Promise.all([page.waitForEvent('download', { timeout: 60_000 }), start()]);
  const name = started.suggestedFilename();
  const path = join(folder, name);
  await started.saveAs(path);
  return { name, path, bytes: await readFile(path) };
}

/** Signs in on the page that the coordinator's address shows. */
export async function signIn(page: Page, url: string, account: { readonly email: string; readonly password: string }): Promise<void> {
  await page.goto(url);
  await page.getByRole('textbox', { name: 'Mail address' }).fill(account.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(account.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

export type Screen = 'Overview' | 'Devices' | 'Restore' | 'Storage' | 'Policies' | 'Access';

export async function goTo(page: Page, screen: Screen): Promise<void> {
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: screen, exact: true }).click();
}

/** Makes a join link in the panel and reads it off the dialog. */
export async function makeJoinLink(page: Page, uses: number): Promise<string> {
  await goTo(page, 'Devices');
  await page.getByRole('button', { name: 'Add a device' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'For how many devices' }).fill(String(uses));
  await dialog.getByRole('button', { name: 'Make the join link' }).click();
  const text = await dialog.getByRole('group', { name: 'join link' }).locator('code').textContent();
  await dialog.getByRole('button', { name: 'Done' }).click();
  return text ?? '';
}

/** Opens the recovery kit on the restore screen. */
export async function unlock(page: Page, kitPath: string, passphrase: string): Promise<void> {
  await page.locator('input[type=file]').setInputFiles(kitPath);
  await page.getByRole('textbox', { name: 'Recovery passphrase' }).fill(passphrase);
  await page.getByRole('button', { name: 'Unlock' }).click();
}

/** Walks down the browsed snapshot, folder by folder. */
export async function openFolders(page: Page, folder: string): Promise<void> {
  for (const name of folder.split('/').filter(Boolean)) {
    const entry = page.getByRole('list', { name: 'Files and folders' }).getByRole('button', { name, exact: true });
    // A chain of folders with nothing else in them may be shown as one.
    await entry.click();
    await page.getByRole('navigation', { name: 'Folder' }).getByText(name, { exact: true }).waitFor();
  }
}
