import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cryptoReady, openRecoveryKit } from '#libs/crypto';
import { messageOf, toBase64Url } from '#libs/kernel';
import { Agent } from '../support/agent.ts';
import type { Coordinator } from '../support/coordinator.ts';
import { startCoordinator } from '../support/coordinator.ts';
import { killAll, programs, start } from '../support/processes.ts';
import { seriousAccessibilityFindings } from './support/accessibility.ts';
import type { Browser } from './support/chromium.ts';
import { openBrowser } from './support/chromium.ts';
import { download, goTo, makeAccountAndTeam, makeJoinLink, openFolders, person, team, unlock } from './support/steps.ts';

/**
 * One team's first day in a real Chromium, against the built coordinator and agents. The steps build on each other, as
 * they do for a person, so a failed one fails those after it.
 */
describe('the panel in a real browser', () => {
  const sent: string[] = [];
  const secretFile = randomBytes(5_300_000);
  /** Larger than what the panel gathers in memory: it is streamed to disk. */
  const film = randomBytes(66 * 1024 * 1024);
  const report = Buffer.from('Übersicht: alles in Ordnung.\n'.repeat(400));
  let folder: string;
  let coordinator: Coordinator;
  let browser: Browser;
  let agents: Agent[] = [];
  let kitPath: string;
  let failedStep: string | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-browser-'));
    await mkdir(join(folder, 'coordinator'));
    coordinator = await startCoordinator({ home: join(folder, 'coordinator') });
    browser = await openBrowser();
    browser.context.on('request', (request) => sent.push(`${request.url()}\n${request.postData() ?? ''}`));
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await Promise.all(agents.map((agent) => agent.stop()));
    await coordinator?.process.stop();
    killAll();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  /** What follows a failed step can't work: it fails at once, and the first failure leaves a picture. */
  const step = (name: string, work: () => Promise<void>, timeoutMs = 120_000): void => {
    it(
      name,
      async () => {
        if (failedStep !== undefined) throw new Error(`not reached, because this failed: ${failedStep}`);
        try {
          await work();
        } catch (error) {
          failedStep = name;
          const picture = join(tmpdir(), 'holdfast-browser-failure.png');
          await browser.page.screenshot({ path: picture }).catch(() => undefined);
          throw new Error(`${messageOf(error)}\n${browser.complaints.join('\n')}\nPicture: ${picture}`, { cause: error });
        }
      },
      timeoutMs,
    );
  };

  const accessible = async (): Promise<void> => expect(await seriousAccessibilityFindings(browser.page)).toEqual([]);

  step(
    'makes an account, the team’s keys and a recovery kit from the first-run link',
    async () => {
      const { page } = browser;
      const [link] = await coordinator.process.waitFor(/https:\/\/\S+\/setup#\S+/);
      await makeAccountAndTeam(page, link);
      expect(page.url()).not.toContain('#');
      await page.getByAltText('QR code with the recovery kit').waitFor();
      await accessible();
      const next = page.getByRole('button', { name: 'I have stored it: prove it opens' });
      expect(await next.isDisabled()).toBe(true);
      const kit = await download(page, () => page.getByRole('button', { name: 'Download the recovery kit' }).click(), folder);
      expect(kit.name).toBe('holdfast-recovery-kit-analytical-engines.json');
      kitPath = kit.path;
      await next.click();
    },
    120_000,
  );

  step(
    'goes on only when the kit opens again',
    async () => {
      const { page } = browser;
      const finish = page.getByRole('button', { name: 'Open the kit and finish' });
      await page.locator('input[type=file]').setInputFiles(kitPath);
      await page.getByRole('textbox', { name: 'Recovery passphrase' }).fill('not the passphrase');
      await finish.click();
      await page.getByRole('alert').getByText('wrong_passphrase').waitFor();
      await accessible();
      await page.getByRole('textbox', { name: 'Recovery passphrase' }).fill(team.passphrase);
      await finish.click();
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      await page.getByText('No device yet').waitFor();
      await accessible();
    },
    120_000,
  );

  step('kept the private halves of the team’s keys in the browser', async () => {
    await cryptoReady();
    const keys = await openRecoveryKit(await readFile(kitPath, 'utf8'), team.passphrase);
    const setup = sent.filter((text) => text.includes('/api/v1/setup') && text.includes('teamDocument'));
    expect(setup).toHaveLength(1);
    const everything = sent.join('\n');
    for (const secret of [
      toBase64Url(keys.recovery.secretKey),
      toBase64Url(keys.root.secretKey.subarray(0, 32)),
      team.passphrase,
      '"sealed"',
    ])
      expect(everything).not.toContain(secret);
  });

  step(
    'signs out, refuses a wrong password in words, and signs in again',
    async () => {
      const { page } = browser;
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await accessible();
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

  step(
    'signs in once with a link from the coordinator’s shell',
    async () => {
      const { page } = browser;
      const command = start(programs.coordinator, ['login-link'], {
        env: { HOLDFAST_ENV: 'demo', HOLDFAST_COORDINATOR_HOME: coordinator.home },
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

  step(
    'changes the team’s policy, with the schedule previewed in words',
    async () => {
      const { page } = browser;
      await goTo(page, 'Policies');
      await page.getByText('At 18:00, every day (UTC)').waitFor();
      await accessible();
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
      await accessible();
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

  step(
    'lets machines join by the link that it shows',
    async () => {
      const { page } = browser;
      const link = await makeJoinLink(page, 4);
      expect(link).toMatch(/^holdfast:\/\/127\.0\.0\.1:\d+\/#/);
      const documents = join(folder, 'ada', 'documents');
      await mkdir(join(documents, 'letters'), { recursive: true });
      await writeFile(join(documents, 'letters', 'Übersicht.txt'), report);
      await writeFile(join(documents, 'engine.bin'), secretFile);
      await writeFile(join(documents, 'film.raw'), film);
      agents = ['ada', 'grace', 'edsger', 'barbara'].map((name) => new Agent(name, join(folder, name, 'home')));
      for (const agent of agents)
        await agent.must(['join', link, '--name', agent.name, ...(agent.name === 'ada' ? ['--folder', documents] : [])], 60_000);
      for (const agent of agents) agent.startDaemon();
      // Without a reload: the list follows the coordinator's events.
      const table = page.getByRole('table', { name: 'Devices' });
      for (const agent of agents) await table.getByRole('row', { name: new RegExp(`${agent.name}.*Online`) }).waitFor({ timeout: 60_000 });
      await accessible();
    },
    180_000,
  );

  step(
    'backs a device up on request and shows it as protected',
    async () => {
      const { page } = browser;
      await page.getByRole('link', { name: 'ada', exact: true }).click();
      await page.getByRole('heading', { name: 'ada' }).waitFor();
      await page.getByRole('button', { name: 'Back up now' }).click();
      await page.getByText('Backup asked for').waitFor();
      const snapshots = page.getByRole('table', { name: 'Snapshots' });
      await snapshots
        .getByText(/^Protected/)
        .first()
        .waitFor({ timeout: 120_000 });
      await accessible();
      await page.getByRole('tab', { name: 'Runs' }).click();
      await page.getByRole('table', { name: 'Runs' }).getByText('asked for here').waitFor();
      await accessible();
      await goTo(page, 'Overview');
      await page.getByRole('img', { name: /packs? with two/ }).waitFor();
      await accessible();
    },
    240_000,
  );

  step(
    'restores one file in the browser, byte for byte',
    async () => {
      const { page } = browser;
      await goTo(page, 'Devices');
      await page.getByRole('link', { name: 'ada', exact: true }).click();
      await page.getByRole('link', { name: 'Restore files' }).click();
      await page.getByRole('button', { name: 'Unlock' }).waitFor();
      await accessible();
      await unlock(page, kitPath, 'a wrong passphrase');
      await page.getByRole('alert').getByText('wrong_passphrase').waitFor({ timeout: 60_000 });
      await unlock(page, kitPath, team.passphrase);
      await page.getByRole('list', { name: 'Files and folders' }).waitFor({ timeout: 60_000 });
      await openFolders(page, join(folder, 'ada', 'documents'));
      await accessible();
      const engine = await download(page, () => page.getByRole('button', { name: 'Download engine.bin' }).click(), folder);
      expect(engine.bytes.equals(secretFile)).toBe(true);
      await openFolders(page, 'letters');
      const letter = await download(page, () => page.getByRole('button', { name: 'Download Übersicht.txt' }).click(), folder);
      expect(letter.name).toBe('Übersicht.txt');
      expect(letter.bytes.equals(report)).toBe(true);
    },
    240_000,
  );

  step(
    'streams a large file to disk where the browser can',
    async () => {
      const { page } = browser;
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
      expect(digest).toBe(createHash('sha256').update(film).digest('hex'));
    },
    180_000,
  );

  step(
    'restores to another machine with the vault key sealed for that machine',
    async () => {
      const { page } = browser;
      const restores = join(folder, 'grace', 'restored');
      await writeFile(join(folder, 'grace', 'home', 'backup.yaml'), `panelRestores: ['${restores}']\n`, { mode: 0o600 });
      await page.getByRole('checkbox', { name: 'Choose letters' }).check();
      await page.getByText('1 entry chosen: 1 file').waitFor();
      await page.getByRole('button', { name: 'Send to a device' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('combobox', { name: 'To which device' }).fill('grace');
      await page.getByRole('option', { name: /grace/ }).click();
      await dialog.getByRole('radio', { name: 'Into another folder' }).check();
      await dialog.getByText('Only where that machine allows it').waitFor();
      await accessible();
      await dialog.getByRole('radio', { name: 'Into its folder for restores' }).check();
      await dialog.getByRole('textbox', { name: 'Name of the new folder' }).fill('letters of ada');
      await accessible();
      await dialog.getByRole('button', { name: 'Start the restore' }).click();
      await page.getByRole('heading', { name: 'Receipt of a restore' }).waitFor({ timeout: 120_000 });
      await page.getByText('Everything was written.', { exact: false }).waitFor({ state: 'attached' });
      await accessible();
      const restored = await findFile(join(restores, 'letters of ada'), 'Übersicht.txt');
      expect((await readFile(restored)).equals(report)).toBe(true);
    },
    240_000,
  );

  step(
    'forgets the recovery key when it is locked',
    async () => {
      const { page } = browser;
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

  step(
    'refuses what was altered on its way, and goes on with what was not',
    async () => {
      const { page } = browser;
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
      await unlock(page, kitPath, team.passphrase);
      const refusal = page.getByRole('alert').filter({ hasText: 'The vault could not be opened' });
      await refusal.waitFor({ timeout: 60_000 });
      expect(altered.length).toBeGreaterThan(0);
      expect(await page.getByRole('list', { name: 'Files and folders' }).count()).toBe(0);
      await accessible();
      await page.unroute(/\/packs\/[^/]+\/leaves/);
      await refusal.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('list', { name: 'Files and folders' }).waitFor({ timeout: 60_000 });
      await page.getByRole('button', { name: 'Lock recovery key' }).click();
    },
    120_000,
  );

  step(
    'gives a device a schedule of its own',
    async () => {
      const { page } = browser;
      await goTo(page, 'Devices');
      await page.getByRole('link', { name: 'barbara', exact: true }).click();
      await page.getByRole('link', { name: 'Policy of this device' }).click();
      await page.getByText('At 03:30, on working days').waitFor();
      await page.getByRole('switch', { name: 'Schedule: own for this device' }).check({ force: true });
      await page.getByRole('textbox', { name: 'Cron expression' }).fill('*/30 * * * *');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('The device’s policy is saved').waitFor();
      await accessible();
    },
    120_000,
  );

  step(
    'exports, searches and sorts the devices on the server',
    async () => {
      const { page } = browser;
      await goTo(page, 'Devices');
      const table = page.getByRole('table', { name: 'Devices' });
      await page.getByRole('searchbox', { name: 'Search by name, site or system' }).fill('edsg');
      await table.getByRole('link', { name: 'grace' }).waitFor({ state: 'detached' });
      expect(await table.getByRole('link').allTextContents()).toEqual(['edsger']);
      await page.getByRole('searchbox', { name: 'Search by name, site or system' }).fill('');
      await table.getByRole('link', { name: 'grace' }).waitFor();
      await table.getByRole('button', { name: 'Device' }).click();
      await table.getByRole('columnheader', { name: 'Device' }).and(page.locator('[aria-sort=descending]')).waitFor();
      const csv = await download(page, () => page.getByRole('button', { name: 'Export CSV' }).click(), folder);
      expect(csv.name).toBe('holdfast-devices.csv');
      expect(csv.bytes.toString().split('\r\n')[1]).toMatch(/^grace,/);
    },
    120_000,
  );

  step(
    'lists join links and the audit log',
    async () => {
      const { page } = browser;
      await goTo(page, 'Access');
      await page.getByRole('table', { name: 'Join links' }).getByText('Used').waitFor();
      await page.getByRole('table', { name: 'Audit log' }).getByRole('row').nth(3).waitFor();
      await accessible();
    },
    120_000,
  );

  step(
    'revokes a device after its name was typed',
    async () => {
      const { page } = browser;
      await goTo(page, 'Devices');
      await page.getByRole('link', { name: 'barbara', exact: true }).click();
      await page.getByRole('button', { name: 'Revoke' }).click();
      const dialog = page.getByRole('dialog');
      const confirm = dialog.getByRole('button', { name: 'Revoke this device' });
      expect(await confirm.isDisabled()).toBe(true);
      await accessible();
      await dialog.getByRole('textbox').fill('barbara');
      await confirm.click();
      await page.getByText('barbara is revoked').waitFor();
      await page.getByText('Revoked: no member of the team').waitFor();
      await page.getByRole('button', { name: 'Back up now' }).waitFor({ state: 'detached' });
    },
    120_000,
  );

  step(
    'works in the dark and on a narrow screen, without scrolling sideways',
    async () => {
      const { page } = browser;
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

  step('gave the browser nothing to complain about: no error, no violation of a policy stricter than the coordinator’s', async () => {
    expect(browser.complaints).toEqual([]);
  });
});

/** The one file of that name anywhere below a folder. */
async function findFile(below: string, name: string): Promise<string> {
  const { readdir } = await import('node:fs/promises');
  const found = (await readdir(below, { recursive: true, withFileTypes: true })).filter((entry) => entry.name === name);
  expect(found).toHaveLength(1);
  return join(found[0]!.parentPath, name);
}
