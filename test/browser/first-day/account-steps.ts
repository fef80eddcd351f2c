import { readFile } from 'node:fs/promises';
import { expect } from '@jest/globals';
import { cryptoReady, openRecoveryKit } from '#libs/crypto';
import { toBase64Url } from '#libs/kernel';
import { programs, start } from '../../support/processes.ts';
import type { FirstDay } from '../support/first-day.ts';
import { download, makeAccountAndTeam, person, team } from '../support/steps.ts';

/** The first person makes an account and the team’s keys, and signs in again. */
export function accountSteps(day: FirstDay): void {
  day.step(
    'makes an account, the team’s keys and a recovery kit from the first-run link',
    async () => {
      const { page } = day.browser;
      const [link] = await day.coordinator.process.waitFor(/https:\/\/\S+\/setup#\S+/);
      await makeAccountAndTeam(page, link);
      expect(page.url()).not.toContain('#');
      await page.getByAltText('QR code with the recovery kit').waitFor();
      await day.accessible();
      const next = page.getByRole('button', { name: 'I have stored it: prove it opens' });
      expect(await next.isDisabled()).toBe(true);
      const kit = await download(page, () => page.getByRole('button', { name: 'Download the recovery kit' }).click(), day.folder);
      expect(kit.name).toBe('holdfast-recovery-kit-analytical-engines.json');
      day.kitPath = kit.path;
      await next.click();
    },
    120_000,
  );

  day.step(
    'goes on only when the kit opens again',
    async () => {
      const { page } = day.browser;
      const finish = page.getByRole('button', { name: 'Open the kit and finish' });
      await page.locator('input[type=file]').setInputFiles(day.kitPath);
      await page.getByRole('textbox', { name: 'Recovery passphrase' }).fill('not the passphrase');
      await finish.click();
      await page.getByRole('alert').getByText('wrong_passphrase').waitFor();
      await day.accessible();
      await page.getByRole('textbox', { name: 'Recovery passphrase' }).fill(team.passphrase);
      await finish.click();
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      await page.getByText('No device yet').waitFor();
      await day.accessible();
    },
    120_000,
  );

  day.step('kept the private halves of the team’s keys in the browser', async () => {
    await cryptoReady();
    const keys = await openRecoveryKit(await readFile(day.kitPath, 'utf8'), team.passphrase);
    const setup = day.sent.filter((text) => text.includes('/api/v1/setup') && text.includes('teamDocument'));
    expect(setup).toHaveLength(1);
    const everything = day.sent.join('\n');
    for (const secret of [
      toBase64Url(keys.recovery.secretKey),
      toBase64Url(keys.root.secretKey.subarray(0, 32)),
      team.passphrase,
      '"sealed"',
    ])
      expect(everything).not.toContain(secret);
  });

  day.step(
    'signs out, refuses a wrong password in words, and signs in again',
    async () => {
      const { page } = day.browser;
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await day.accessible();
      await page.getByRole('textbox', { name: 'Mail address' }).fill(person.email);
      await page.getByRole('textbox', { name: 'Password' }).fill('a wrong password');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').getByText('You are not signed in').waitFor();
      await page.getByRole('textbox', { name: 'Password' }).fill(person.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
    },
    120_000,
  );

  day.step(
    'signs in once with a link from the coordinator’s shell',
    async () => {
      const { page } = day.browser;
      const command = start(programs.coordinator, ['login-link'], {
        env: { HOLDFAST_ENV: 'demo', HOLDFAST_COORDINATOR_HOME: day.coordinator.home },
      });
      const [link] = await command.waitFor(/https:\/\/\S+\/(login|sign-in)#\S+/);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await page.goto(link);
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      expect(page.url()).not.toContain('#');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await page.goto('about:blank');
      await page.goto(link);
      await page.getByRole('alert').getByText('You are not signed in').waitFor();
      await page.getByRole('textbox', { name: 'Mail address' }).fill(person.email);
      await page.getByRole('textbox', { name: 'Password' }).fill(person.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
    },
    120_000,
  );
}
