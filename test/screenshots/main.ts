import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { currentPlatform } from '#libs/engine';
import { openBrowser } from '../browser/support/chromium.ts';
import { goTo, openFolders, signIn, unlock } from '../browser/support/steps.ts';
import { killAll, repository } from '../support/processes.ts';
import { incompressible, writeSample } from '../support/sample-folder.ts';
import { Team } from '../support/team.ts';

/** Takes the pictures of docs/screenshots anew, of a team that really runs: `npm run screenshots`. Needs Debian's `chromium`. */
const pictures = join(repository, 'docs', 'screenshots');
const colleagues = ['ada-laptop', 'grace-workstation', 'edsger-desktop', 'barbara-laptop', 'anchor-basement'] as const;
const leaver = 'edsger-desktop';

async function takePictures(folder: string): Promise<void> {
  const team = await Team.start(folder, { kitCost: { memoryKiB: 1024, passes: 1 } });
  await team.changeTeamPolicy((policy) => ({ ...policy, pledge: { maxBytes: null, reserveBytes: 0, reservePercent: 0 } }));
  const platform = currentPlatform();
  for (const [at, name] of colleagues.entries()) {
    const documents = join(folder, 'home', name.split('-')[0]!, 'Documents');
    mkdirSync(documents, { recursive: true });
    writeSample(platform, join(documents, 'project'), { smallFiles: 120 });
    writeFileSync(join(documents, 'photos.raw'), incompressible(18_000_000, at + 1));
    await team.join(name, [documents]);
  }
  for (const agent of team.agents) await agent.must(['backup', '--wait-protected'], 120_000);
  const browser = await openBrowser();
  const { page } = browser;
  const picture = async (name: string, height: number): Promise<void> => {
    await page.setViewportSize({ width: 1280, height });
    await page.waitForLoadState('networkidle');
    // Dialogs fade in.
    await page.waitForTimeout(600);
    await page.screenshot({ path: join(pictures, `${name}.png`) });
  };
  try {
    await signIn(page, team.coordinator.url, team.setup.account);
    await page.getByText('All 5 devices are protected').waitFor({ timeout: 120_000 });
    await page.getByText('Repair', { exact: true }).waitFor();
    await picture('overview', 1140);
    await goTo(page, 'Devices');
    await page.getByRole('link', { name: colleagues[0] }).waitFor();
    await picture('devices', 860);
    await browseRestore(page, team, join(folder, 'home', 'ada', 'Documents'));
    await picture('restore', 1010);
    await giveBack(page);
    await picture('give-back', 860);
  } finally {
    await browser.close();
    await team.stop();
  }
}

async function browseRestore(page: Page, team: Team, documents: string): Promise<void> {
  const { deviceId } = await team.device(colleagues[0]);
  await page.goto(`${team.coordinator.url}/restore?device=${deviceId}`);
  await unlock(page, team.recovery.kit, team.setup.kitPassphrase);
  await openFolders(page, documents);
  await page.getByRole('checkbox', { name: 'Choose photos.raw' }).check();
  await page.getByText(/1 entry chosen: /).waitFor();
}

async function giveBack(page: Page): Promise<void> {
  await goTo(page, 'Devices');
  await page.getByRole('link', { name: leaver }).click();
  await page.getByRole('button', { name: 'Revoke', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: new RegExp(`^Type “${leaver}”`) }).fill(leaver);
  await dialog.getByRole('button', { name: 'Revoke this device' }).click();
  await page.getByRole('button', { name: 'Give its space back…' }).click();
  await dialog.getByText(/^Everything that .* ever backed up is deleted/).waitFor();
}

const folder = mkdtempSync(join(tmpdir(), 'holdfast-pictures-'));
try {
  await takePictures(folder);
} finally {
  killAll();
  rmSync(folder, { recursive: true, force: true });
}
