import { expect } from '@jest/globals';
import type { FirstDay } from '../support/first-day.ts';
import { download, goTo } from '../support/steps.ts';

/** What an admin does with devices later: a policy of its own, lists, leaving. */
export function upkeepSteps(day: FirstDay): void {
  day.step(
    'gives a device a schedule of its own',
    async () => {
      const { page } = day.browser;
      await goTo(page, 'Devices');
      await page.getByRole('link', { name: 'barbara', exact: true }).click();
      await page.getByRole('link', { name: 'Policy of this device' }).click();
      await page.getByText('At 03:30, on working days').waitFor();
      await page.getByRole('switch', { name: 'Schedule: own for this device' }).check({ force: true });
      await page.getByRole('textbox', { name: 'Cron expression' }).fill('*/30 * * * *');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('The device’s policy is saved').waitFor();
      await day.accessible();
    },
    120_000,
  );

  day.step(
    'exports, searches and sorts the devices on the server',
    async () => {
      const { page } = day.browser;
      await goTo(page, 'Devices');
      const table = page.getByRole('table', { name: 'Devices' });
      await page.getByRole('searchbox', { name: 'Search by name, site or system' }).fill('edsg');
      await table.getByRole('link', { name: 'grace' }).waitFor({ state: 'detached' });
      expect(await table.getByRole('link').allTextContents()).toEqual(['edsger']);
      await page.getByRole('searchbox', { name: 'Search by name, site or system' }).fill('');
      await table.getByRole('link', { name: 'grace' }).waitFor();
      await table.getByRole('button', { name: 'Device' }).click();
      await table.getByRole('columnheader', { name: 'Device' }).and(page.locator('[aria-sort=descending]')).waitFor();
      const csv = await download(page, () => page.getByRole('button', { name: 'Export CSV' }).click(), day.folder);
      expect(csv.name).toBe('holdfast-devices.csv');
      expect(csv.bytes.toString().split('\r\n')[1]).toMatch(/^grace,/);
    },
    120_000,
  );

  day.step(
    'lists join links and the audit log',
    async () => {
      const { page } = day.browser;
      await goTo(page, 'Access');
      await page.getByRole('table', { name: 'Join links' }).getByText('Used').waitFor();
      await page.getByRole('table', { name: 'Audit log' }).getByRole('row').nth(3).waitFor();
      await day.accessible();
    },
    120_000,
  );

  day.step(
    'revokes a device after its name was typed',
    async () => {
      const { page } = day.browser;
      await goTo(page, 'Devices');
      await page.getByRole('link', { name: 'barbara', exact: true }).click();
      await page.getByRole('button', { name: 'Revoke' }).click();
      const dialog = page.getByRole('dialog');
      const confirm = dialog.getByRole('button', { name: 'Revoke this device' });
      expect(await confirm.isDisabled()).toBe(true);
      await day.accessible();
      await dialog.getByRole('textbox').fill('barbara');
      await confirm.click();
      await page.getByText('barbara is revoked').waitFor();
      await page.getByText('Revoked: no member of the team').waitFor();
      await page.getByRole('button', { name: 'Back up now' }).waitFor({ state: 'detached' });
    },
    120_000,
  );
}
