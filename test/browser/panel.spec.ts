import { describe, expect } from '@jest/globals';
import { accountSteps } from './first-day/account-steps.ts';
import { deviceSteps } from './first-day/device-steps.ts';
import { policySteps } from './first-day/policy-steps.ts';
import { restoreSteps } from './first-day/restore-steps.ts';
import { upkeepSteps } from './first-day/upkeep-steps.ts';
import { seriousAccessibilityFindings } from './support/accessibility.ts';
import { FirstDay } from './support/first-day.ts';
import { goTo } from './support/steps.ts';

/**
 * One team's first day in a real Chromium, against the built coordinator and agents. The steps build on each other, as
 * they do for a person, so a failed one fails those after it.
 */
describe('the panel in a real browser', () => {
  const day = new FirstDay();
  accountSteps(day);
  policySteps(day);
  deviceSteps(day);
  restoreSteps(day);
  upkeepSteps(day);

  day.step(
    'works in the dark and on a narrow screen, without scrolling sideways',
    async () => {
      const { page } = day.browser;
      await page.setViewportSize({ width: 390, height: 844 });
      for (const colours of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme: colours });
        for (const screen of ['Overview', 'Devices', 'Restore', 'Storage', 'Policies', 'Access'] as const) {
          await goTo(page, screen);
          await page.getByRole('heading', { level: 1 }).waitFor();
          await page.locator('[role=status][aria-label^=Loading]').first().waitFor({ state: 'detached' });
          expect([screen, colours, await seriousAccessibilityFindings(page)]).toEqual([screen, colours, []]);
          expect([screen, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([screen, 390]);
        }
      }
    },
    120_000,
  );

  day.step('gave the browser nothing to complain about: no error, no violation of a policy stricter than the coordinator’s', async () => {
    expect(day.browser.complaints).toEqual([]);
  });
});
