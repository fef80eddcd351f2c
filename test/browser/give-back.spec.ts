import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { account } from '#libs/contracts';
import { createTeam, cryptoReady, newSigningKeyPair, signingSeed } from '#libs/crypto';
import { systemRandom, toBase64Url } from '#libs/kernel';
import type { Agent } from '../support/agent.ts';
import { packFiles } from '../support/pack-files.ts';
import { until } from '../support/processes.ts';
import { incompressible } from '../support/sample-folder.ts';
import { teamForTests } from '../support/team-for-tests.ts';
import { seriousAccessibilityFindings } from './support/accessibility.ts';
import type { Browser } from './support/chromium.ts';
import { openBrowser } from './support/chromium.ts';
import { goTo, signIn } from './support/steps.ts';

const dayMs = 86_400_000;

/** Ada has left; ben and chloe keep her packs. The steps build on each other. */
describe('giving the space of a device that is gone back', () => {
  const scene = teamForTests({ replicas: 2 });
  const sent: string[] = [];
  let browser: Browser;
  let holders: Agent[];
  const auditor = { email: 'audit@example.org', name: 'An Auditor', password: 'a long enough password', role: 'auditor' } as const;

  const accessible = async (): Promise<void> => expect(await seriousAccessibilityFindings(browser.page)).toEqual([]);
  const heldPacks = (agent: Agent): number => packFiles(agent.home, 'held').length;
  /** Packs whose hold runs, by the holder's own book. */
  const inHold = (agent: Agent): number => {
    const folder = join(agent.home, 'state', 'holds');
    const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
    const holds = files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as { state: string; packs: unknown[] });
    return holds.filter((hold) => hold.state === 'holding').reduce((sum, hold) => sum + hold.packs.length, 0);
  };
  /** Two weeks of running, as the holder's own book of proved time has them. */
  const letTwoWeeksPass = async (agent: Agent): Promise<void> => {
    await agent.kill();
    const file = join(agent.home, 'state', 'hold-clock.json');
    const { elapsedMs } = JSON.parse(readFileSync(file, 'utf8')) as { elapsedMs: number };
    writeFileSync(file, JSON.stringify({ elapsedMs: elapsedMs + 14 * dayMs, anchor: null }));
    await agent.daemonReady();
  };
  const openDevice = async (name: string): Promise<void> => {
    await goTo(browser.page, 'Devices');
    await browser.page.getByRole('heading', { name: 'Devices', exact: true }).waitFor();
    await browser.page.getByRole('link', { name, exact: true }).click();
    await browser.page.getByRole('heading', { name, exact: true }).waitFor();
  };
  const dialog = () => browser.page.getByRole('dialog');
  const sign = () => dialog().getByRole('button', { name: 'Sign and give it back' });
  const useKit = async (kit: string, passphrase: string): Promise<void> => {
    const file = { name: 'kit.json', mimeType: 'application/json', buffer: Buffer.from(kit) };
    await dialog().locator('input[type=file]').setInputFiles(file);
    await dialog().getByRole('textbox', { name: 'Recovery passphrase' }).fill(passphrase);
    await sign().click();
  };

  beforeAll(async () => {
    await cryptoReady();
    const documents = join(scene.folder, 'documents');
    mkdirSync(documents);
    for (let n = 0; n < 3; n += 1) writeFileSync(join(documents, `photo-${n}.raw`), incompressible(3 * 1024 * 1024, n));
    const ada = await scene.team.join('ada', [documents]);
    holders = [await scene.team.join('ben'), await scene.team.join('chloe')];
    await ada.must(['backup', '--wait-protected']);
    await ada.kill();
    browser = await openBrowser();
    browser.context.on('request', (request) => sent.push(`${request.url()}\n${request.postData() ?? ''}`));
    await signIn(browser.page, scene.team.coordinator.url, scene.team.setup.account);
    await browser.page.getByRole('heading', { name: 'Overview' }).waitFor();
  });
  afterAll(() => browser?.close());

  it('is offered once the device is revoked, and says what it means before anything is asked', async () => {
    const { page } = browser;
    await openDevice('ada');
    expect(await page.getByRole('button', { name: 'Give its space back…' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Revoke', exact: true }).click();
    await dialog()
      .getByRole('textbox', { name: /^Type “ada”/ })
      .fill('ada');
    await dialog().getByRole('button', { name: 'Revoke this device' }).click();
    await page.getByRole('button', { name: 'Give its space back…' }).click();
    await dialog()
      .getByText(/^Everything that ada ever backed up is deleted: 1 snapshot, the newest from /)
      .waitFor();
    await dialog()
      .getByText(/^Colleagues’ machines get \d\d\.\d MB back: (ben|chloe) .*, (ben|chloe) /)
      .waitFor();
    await dialog()
      .getByText(/^Holders keep all of it for 14 days more\./)
      .waitFor();
    await dialog().getByText('Once it is deleted nobody can restore it, not even with the recovery kit.').waitFor();
    await dialog().getByRole('link', { name: 'Restore it first' }).waitFor();
    expect(await sign().isDisabled()).toBe(true);
    await accessible();
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    expect(sent.filter((text) => text.includes('root-release') && text.includes('payload'))).toEqual([]);
  });

  it('takes the kit of this team, its passphrase and the name of the device; nothing less is sent on', async () => {
    const { page } = browser;
    await page.getByRole('button', { name: 'Give its space back…' }).click();
    const { recoveryKit, kitPassphrase, keys } = scene.team.setup;
    const file = { name: 'kit.json', mimeType: 'application/json', buffer: Buffer.from(recoveryKit) };
    await dialog().locator('input[type=file]').setInputFiles(file);
    await dialog().getByRole('textbox', { name: 'Recovery passphrase' }).fill(kitPassphrase);
    await dialog()
      .getByRole('textbox', { name: /^Type “ada”/ })
      .fill('ben');
    expect(await sign().isDisabled()).toBe(true);
    await dialog()
      .getByRole('textbox', { name: /^Type “ada”/ })
      .fill('ada');
    await useKit(recoveryKit, 'not the passphrase');
    await dialog().getByRole('alert').getByText('wrong_passphrase').waitFor();
    const coordinatorKey = newSigningKeyPair(systemRandom).publicKey;
    const cost = { memoryKiB: 1024, passes: 1 };
    const other = await createTeam({ name: 'Other team', passphrase: 'kit', coordinatorKey, nowMs: Date.now(), cost });
    await useKit(other.recoveryKit, 'kit');
    await dialog().getByRole('alert').getByText('other_team').waitFor();
    await accessible();
    const statements = (): string[] => sent.filter((text) => text.includes('root-release') && text.includes('payload'));
    expect(statements()).toEqual([]);
    await useKit(recoveryKit, kitPassphrase);
    await page.getByText('The space of ada will be given back').waitFor();
    await dialog().waitFor({ state: 'detached' });
    expect(statements()).toHaveLength(1);
    for (const secret of [toBase64Url(signingSeed(keys.root.secretKey)), toBase64Url(keys.recovery.secretKey), kitPassphrase, '"sealed"'])
      expect(sent.join('\n')).not.toContain(secret);
  });

  it('is in hold from then on, to be seen and stopped wherever somebody looks', async () => {
    const { page } = browser;
    const notice = page.getByRole('alert').filter({ hasText: 'The space of ada is being given back' });
    await notice.getByText(/Holders keep all of it until .*; until then this can be cancelled, and files can be restored\./).waitFor();
    // Each part of the page asks for itself, and shows what it knew until it is told.
    await page.getByRole('button', { name: 'Give its space back…' }).waitFor({ state: 'detached' });
    await accessible();
    await notice.getByRole('link', { name: 'Look at the release' }).click();
    const table = page.getByRole('table', { name: 'Releases' });
    await table.getByText(/^In hold/).waitFor();
    await table.getByText(`approved by ${scene.team.setup.account.email}`).waitFor();
    await table.getByText(/packs: the whole vault is given up/).waitFor();
    await table.getByText('in 14 days').waitFor();
    await accessible();
    await goTo(page, 'Overview');
    await page.getByText(/^The vault of ada is given up: colleagues delete it from /).waitFor();
    await until('both holders have noted the hold', async () => holders.every((agent) => inHold(agent) === heldPacks(agent)), 60_000);
  });

  it('can be cancelled, and be done anew after that', async () => {
    const { page } = browser;
    await goTo(page, 'Storage');
    const table = page.getByRole('table', { name: 'Releases' });
    await table.getByRole('button', { name: 'Cancel the release of ada' }).click();
    await dialog().getByText('To give the space back after all takes the recovery kit again.').waitFor();
    await dialog().getByRole('button', { name: 'Cancel the release' }).click();
    await table.getByText(/^Cancelled/).waitFor();
    expect(await scene.team.latestSnapshot('ada')).toMatchObject({ sequence: 1, protection: 'full' });
    await openDevice('ada');
    await page.getByRole('button', { name: 'Give its space back…' }).click();
    await dialog()
      .getByRole('textbox', { name: /^Type “ada”/ })
      .fill('ada');
    await useKit(scene.team.setup.recoveryKit, scene.team.setup.kitPassphrase);
    await page.getByRole('alert').filter({ hasText: 'The space of ada is being given back' }).waitFor();
  });

  it('shows it to an auditor and offers nothing', async () => {
    const { page } = browser;
    await scene.team.setup.admin.send('POST', '/api/v1/accounts', account, auditor);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await signIn(page, scene.team.coordinator.url, auditor);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await openDevice('ada');
    expect(await page.getByRole('button', { name: 'Give its space back…' }).count()).toBe(0);
    await goTo(page, 'Storage');
    await page
      .getByRole('table', { name: 'Releases' })
      .getByText(/^In hold/)
      .waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await signIn(page, scene.team.coordinator.url, scene.team.setup.account);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  });

  it('frees each holder’s disk when its own clock and the coordinator’s say that the hold is over, not before', async () => {
    const { page } = browser;
    const [ben, chloe] = holders as [Agent, Agent];
    await until('the second hold is noted', async () => holders.every((agent) => inHold(agent) === heldPacks(agent)), 60_000);
    const before = holders.map(heldPacks);
    expect(before.every((packs) => packs > 0)).toBe(true);
    // Ben's own clock alone deletes nothing: the coordinator does not confirm.
    await letTwoWeeksPass(ben);
    const database = new DatabaseSync(join(scene.team.coordinator.home, 'coordinator.sqlite'), { timeout: 10_000 });
    await until(
      'ben has asked',
      async () => /does not confirm a release/.test(readFileSync(join(ben.home, '..', 'ben.log'), 'utf8')),
      60_000,
    );
    expect(holders.map(heldPacks)).toEqual(before);
    const over = database.prepare(`UPDATE releases SET hold_until_ms = ? WHERE state = 'holding'`).run(Date.now() - 1);
    database.close();
    expect(over.changes).toBe(1);
    await ben.kill();
    await ben.daemonReady();
    await until('ben’s disk is free', async () => heldPacks(ben) === 0, 60_000);
    // The coordinator alone neither: chloe's hold is not over by her own book.
    expect(heldPacks(chloe)).toBe(before[1]);
    await letTwoWeeksPass(chloe);
    await until('both disks are free', async () => holders.every((agent) => heldPacks(agent) === 0), 60_000);
    await goTo(page, 'Storage');
    await page.getByRole('table', { name: 'Releases' }).getByText(/^Done/).waitFor();
    await openDevice('ada');
    await page.getByText('0 snapshots').waitFor();
    // Each part of the page asks for itself, and shows what it knew until it is told.
    await until('nothing is offered or announced any more', async () => {
      const offered = await page.getByRole('button', { name: /Give its space back|Restore files/ }).count();
      return offered + (await page.getByRole('alert').count()) === 0;
    });
    expect(browser.complaints).toEqual([]);
  });
});
