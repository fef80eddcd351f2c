import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { rebuildView } from '#libs/contracts';
import { until } from '../support/processes.ts';
import { teamForTests } from '../support/team-for-tests.ts';
import { seriousAccessibilityFindings } from './support/accessibility.ts';
import type { Browser } from './support/chromium.ts';
import { openBrowser } from './support/chromium.ts';
import { signIn } from './support/steps.ts';

describe('the overview of a coordinator that gets its memory back', () => {
  const scene = teamForTests({ replicas: 1 });
  let browser: Browser;

  beforeAll(async () => {
    await scene.team.join('ada');
    await (await scene.team.join('ben')).stop();
    await scene.team.coordinator.process.stop();
    const database = new DatabaseSync(join(scene.team.coordinator.home, 'coordinator.sqlite'));
    database.exec('UPDATE vaults SET packs = 3');
    database.close();
    await scene.team.restartCoordinator();
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it('says what stands still and for whom it waits, and lets an admin go on', async () => {
    const { page } = browser;
    const { email } = scene.team.setup.account;
    await until('ada has reported', async () => (await scene.team.setup.admin.get('/api/v1/rebuild', rebuildView)).reportedDevices === 1);
    await signIn(page, scene.team.coordinator.url, scene.team.setup.account);
    const notice = page.getByRole('alert').filter({ hasText: 'The coordinator was restored: 1 of 2 devices have reported' });
    await notice.getByText('Waiting for ben.').waitFor();
    await notice.getByText('The database has lost').waitFor();
    expect(await seriousAccessibilityFindings(page)).toEqual([]);
    await notice.getByRole('button', { name: 'Go on without them' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Go on without them' }).click();
    await notice.waitFor({ state: 'detached' });
    expect(await scene.team.setup.admin.get('/api/v1/rebuild', rebuildView)).toMatchObject({ frozen: false, endedBy: email });
    expect(browser.complaints).toEqual([]);
  });
});
