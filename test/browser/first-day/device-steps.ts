import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { Agent } from '../../support/agent.ts';
import type { FirstDay } from '../support/first-day.ts';
import { goTo, makeJoinLink } from '../support/steps.ts';

/** Machines join, and one is backed up. */
export function deviceSteps(day: FirstDay): void {
  day.step(
    'lets machines join by the link that it shows',
    async () => {
      const { page } = day.browser;
      const link = await makeJoinLink(page, 4);
      expect(link).toMatch(/^holdfast:\/\/127\.0\.0\.1:\d+\/#/);
      const documents = join(day.folder, 'ada', 'documents');
      await mkdir(join(documents, 'letters'), { recursive: true });
      await writeFile(join(documents, 'letters', 'Übersicht.txt'), day.report);
      await writeFile(join(documents, 'engine.bin'), day.secretFile);
      await writeFile(join(documents, 'film.raw'), day.film);
      day.agents = ['ada', 'grace', 'edsger', 'barbara'].map((name) => new Agent(name, join(day.folder, name, 'home')));
      for (const agent of day.agents)
        await agent.must(['join', link, '--name', agent.name, ...(agent.name === 'ada' ? ['--folder', documents] : [])], 60_000);
      for (const agent of day.agents) agent.startDaemon();
      // Without a reload: the list follows the coordinator's events.
      const table = page.getByRole('table', { name: 'Devices' });
      for (const agent of day.agents)
        await table.getByRole('row', { name: new RegExp(`${agent.name}.*Online`) }).waitFor({ timeout: 60_000 });
      await day.accessible();
    },
    180_000,
  );

  day.step(
    'backs a device up on request and shows it as protected',
    async () => {
      const { page } = day.browser;
      await page.getByRole('link', { name: 'ada', exact: true }).click();
      await page.getByRole('heading', { name: 'ada' }).waitFor();
      await page.getByRole('button', { name: 'Back up now' }).click();
      await page.getByText('Backup asked for').waitFor();
      const snapshots = page.getByRole('table', { name: 'Snapshots' });
      await snapshots
        .getByText(/^Protected/)
        .first()
        .waitFor({ timeout: 120_000 });
      await day.accessible();
      await page.getByRole('tab', { name: 'Runs' }).click();
      await page.getByRole('table', { name: 'Runs' }).getByText('asked for here').waitFor();
      await day.accessible();
      await goTo(page, 'Overview');
      await page.getByRole('img', { name: /packs? with two/ }).waitFor();
      await day.accessible();
    },
    240_000,
  );
}
