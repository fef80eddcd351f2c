import { expect } from '@jest/globals';
import type { FirstDay } from '../support/first-day.ts';
import { goTo } from '../support/steps.ts';

/** The team’s policy. */
export function policySteps(day: FirstDay): void {
  day.step(
    'changes the team’s policy, with the schedule previewed in words',
    async () => {
      const { page } = day.browser;
      await goTo(page, 'Policies');
      await page.getByText('At 18:00, every day (UTC)').waitFor();
      await day.accessible();
      await page.getByRole('textbox', { name: 'Cron expression' }).fill('0 25 * * *');
      await page.getByText('hour 25 is outside 0 to 23').first().waitFor();
      expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
      await page.getByRole('textbox', { name: 'Cron expression' }).fill('30 3 * * 1-5');
      await page.getByText('At 03:30, on working days (Monday to Friday) (UTC)').waitFor();
      // Small test disks: nothing is kept free.
      await page.getByRole('textbox', { name: 'Always kept free (GB)' }).fill('0');
      await page.getByRole('textbox', { name: 'And at least this share of the disk (%)' }).fill('0');
      // Limits of its own for the local network: none, at first; then one way only.
      await page.getByRole('switch', { name: 'Local network: limits of its own' }).click();
      await page.getByRole('textbox', { name: 'Local network: upload (MB/s)' }).fill('80.5');
      // And at night more, for everything that is not on the local network; the one above counts first.
      await page.getByRole('button', { name: 'Other limits at certain hours' }).click();
      const hours = (number: number) => page.getByRole('group', { name: `Hours ${number}`, exact: true });
      await hours(1).getByText('Monday to Friday, 08:00 to 18:00').waitFor();
      await page.getByRole('textbox', { name: 'Hours 1: upload (MB/s)' }).fill('0.3');
      await page.getByRole('button', { name: 'Other limits at certain hours' }).click();
      for (const day of ['Mon', 'Tue', 'Wed', 'Thu', 'Fri']) await hours(2).getByRole('checkbox', { name: day }).uncheck();
      await page.getByText('limits, hours, 1, days: must name a day at least').waitFor();
      expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
      await hours(2).getByRole('checkbox', { name: 'Sat' }).check();
      await page.getByLabel('Hours 2: from').fill('22:00');
      await page.getByLabel('Hours 2: to').fill('06:30');
      await hours(2).getByText('Saturday, 22:00 to 06:30 on the next day').waitFor();
      await page.getByRole('switch', { name: 'Hours 2, relay: limits of its own' }).click();
      await page.getByRole('textbox', { name: 'Hours 2, relay: download (MB/s)' }).fill('2');
      await page.getByRole('button', { name: 'Hours 2: before the one above' }).click();
      await hours(1).getByText('Saturday, 22:00 to 06:30 on the next day').waitFor();
      await day.accessible();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('The team’s policy is saved').waitFor();
      await page.reload();
      await hours(1).getByText('Saturday, 22:00 to 06:30 on the next day').waitFor();
      await hours(2).getByText('Monday to Friday, 08:00 to 18:00').waitFor();
      expect(await page.getByRole('textbox', { name: 'Hours 1, relay: download (MB/s)' }).inputValue()).toBe('2');
      expect(await page.getByRole('textbox', { name: 'Hours 2: upload (MB/s)' }).inputValue()).toBe('0.3');
      // Backups of this test are not to wait for it: they are taken away again, one by one.
      await page.getByRole('button', { name: 'Hours 1: remove' }).click();
      await page.getByRole('button', { name: 'Hours 1: remove' }).click();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('The team’s policy is saved').waitFor();
      await page.reload();
      expect(await page.getByRole('textbox', { name: 'Local network: upload (MB/s)' }).inputValue()).toBe('80.5');
      expect(await page.getByRole('textbox', { name: 'Local network: download (MB/s)' }).inputValue()).toBe('');
      expect(await page.getByRole('switch', { name: 'Relay: limits of its own' }).isChecked()).toBe(false);
      expect(await hours(1).count()).toBe(0);
    },
    120_000,
  );
}
