import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { DeviceId, PackId } from '#libs/kernel';
import type { Release } from '#libs/contracts';
import { account } from '#libs/contracts';
import { cryptoReady, releaseHashOf, signRelease } from '#libs/crypto';
import { toBase64Url } from '#libs/kernel';
import { decodeHead, encodeHead } from '#libs/vault';
import type { Agent } from '../support/agent.ts';
import { DeviceClient } from '../support/device-client.ts';
import { packFiles } from '../support/pack-files.ts';
import { incompressible } from '../support/sample-folder.ts';
import { teamForTests } from '../support/team-for-tests.ts';
import { seriousAccessibilityFindings } from './support/accessibility.ts';
import type { Browser } from './support/chromium.ts';
import { openBrowser } from './support/chromium.ts';
import { goTo, signIn } from './support/steps.ts';

/** Somebody has ada's keys; ben holds her packs. The steps build on each other. */
describe('the storage screen', () => {
  const scene = teamForTests({ replicas: 1, config: "durability:\n  trims:\n    sweepCron: '0 0 1 1 *'\n" });
  let browser: Browser;
  let ben: Agent;
  let adas: DeviceClient;
  let packIds: PackId[];
  let benId: DeviceId;
  let headSequence: number;
  const auditor = { email: 'audit@example.org', name: 'An Auditor', password: 'a long enough password', role: 'auditor' } as const;

  const accessible = async (): Promise<void> => expect(await seriousAccessibilityFindings(browser.page)).toEqual([]);
  const leave = (over: Partial<Release> = {}): Release => ({
    ...{ teamId: scene.team.setup.admin.session.team.teamId, releaseId: randomUUID(), vaultId: adas.vaultId },
    ...{ ownerDeviceId: adas.deviceId, releaseSequence: 1, headSequence, generation: 0, reason: 'retention', packIds, atMs: Date.now() },
    ...over,
  });
  const inDatabase = (statement: string, ...values: (string | number)[]): void => {
    const database = new DatabaseSync(join(scene.team.coordinator.home, 'coordinator.sqlite'), { timeout: 10_000 });
    expect(database.prepare(statement).run(...values).changes).toBe(1);
    database.close();
  };

  beforeAll(async () => {
    await cryptoReady();
    const documents = join(scene.folder, 'documents');
    mkdirSync(documents);
    writeFileSync(join(documents, 'photo.raw'), incompressible(3 * 1024 * 1024, 1));
    const ada = await scene.team.join('ada', [documents]);
    ben = await scene.team.join('ben');
    benId = (await scene.team.device('ben')).deviceId;
    await ada.must(['backup', '--wait-protected']);
    await ada.kill();
    adas = new DeviceClient(ada.home);
    packIds = packFiles(ben.home, 'held').map((file) => file.packId);
    const head = decodeHead(readFileSync(join(ada.home, 'vault', 'head')), adas.keys.publicKey);
    headSequence = head.sequence + 1;
    const empty = encodeHead({ ...head, sequence: headSequence, snapshots: [], indexPacks: [] }, adas.keys);
    await adas.call('PUT', '/vault/head', { vaultId: adas.vaultId, head: toBase64Url(empty), needs: [] });
    browser = await openBrowser();
    await signIn(browser.page, scene.team.coordinator.url, scene.team.setup.account);
    await browser.page.getByRole('heading', { name: 'Overview' }).waitFor();
  });
  afterAll(() => browser?.close());

  it('is where an unusual release is, seen on the overview at once, and cancelled with what that means', async () => {
    const { page } = browser;
    await page.getByRole('img', { name: /packs? with one/ }).waitFor();
    const notice = page.getByRole('alert').filter({ hasText: 'A device wants to delete unusually much' });
    expect(await notice.count()).toBe(0);
    const sent = await adas.call('POST', '/releases', { release: signRelease(leave(), adas.keys.secretKey) });
    expect(sent).toMatchObject({ status: 200, body: { state: 'waiting' } });
    // Nobody loads the page again.
    await notice.getByText('ada, 100 % of its backups').waitFor();
    await accessible();
    await notice.getByRole('link', { name: 'Look at the release' }).click();
    const table = page.getByRole('table', { name: 'Releases' });
    await table.getByText('Waits for you').waitFor();
    await table.getByText(/Unusual: .*100 % of/).waitFor();
    await table.getByText('1 snapshot dropped').waitFor();
    await accessible();

    await table.getByRole('button', { name: 'Approve the release of ada' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Look at the machine first').waitFor();
    expect(await dialog.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true);
    await accessible();
    await dialog.getByRole('button', { name: 'Leave it' }).click();
    await dialog.waitFor({ state: 'detached' });

    await table.getByRole('button', { name: 'Cancel the release of ada' }).click();
    await dialog.getByText('Snapshots that the device dropped are back').waitFor();
    await dialog.getByRole('button', { name: 'Cancel the release' }).click();
    await table.getByText(`cancelled by ${scene.team.setup.account.email}`).waitFor();
    await table
      .getByRole('button', { name: /^(Approve|Cancel)/ })
      .first()
      .waitFor({ state: 'detached' });
    expect(await scene.team.latestSnapshot('ada')).toMatchObject({ sequence: 1 });
    await goTo(page, 'Overview');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await notice.waitFor({ state: 'detached' });
  });

  it('lists releases by state', async () => {
    const { page } = browser;
    await goTo(page, 'Storage');
    const choose = async (state: string): Promise<void> => {
      await page.getByRole('combobox', { name: 'Which releases' }).click();
      await page.getByRole('option', { name: state }).click();
    };
    await choose('In hold');
    await page.getByText('None is “In hold” at the moment.').waitFor();
    await choose('Cancelled');
    await page.getByRole('table', { name: 'Releases' }).getByRole('link', { name: 'ada' }).waitFor();
  });

  it('has a holder proved and read all that it holds, when asked, and says what came of it', async () => {
    const { page } = browser;
    await page.getByRole('table', { name: 'Audits' }).getByRole('link', { name: 'ben' }).click();
    await page.getByRole('heading', { name: 'ben' }).waitFor();
    await page.getByRole('button', { name: 'Audit all of it now' }).click();
    await page.getByText('Audit asked for').waitFor();
    await page.getByText(`${packIds.length} packs, none damaged`).waitFor({ timeout: 60_000 });
    await accessible();
  });

  it('says why a holder is not believed, and lets an admin believe it again with a reason', async () => {
    const { page } = browser;
    await ben.kill();
    inDatabase(
      'UPDATE audit_holders SET quarantined_at_ms = ?, quarantine_reason = ? WHERE device_id = ?',
      ...[Date.now(), 'Failed 3 audits within 1 day.', benId],
    );
    await goTo(page, 'Storage');
    await page.reload();
    await page.getByRole('table', { name: 'Audits' }).getByText('Not believed').first().waitFor();
    await page.getByRole('table', { name: 'Audits' }).getByRole('link', { name: 'ben' }).click();
    await page.getByText('Failed 3 audits within 1 day. Nothing that it holds counts').first().waitFor();
    await page.getByRole('button', { name: 'Believe it again' }).click();
    const dialog = page.getByRole('dialog');
    const confirm = dialog.getByRole('button', { name: 'Believe it again' });
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByRole('textbox', { name: 'Why' }).fill('the disk was replaced');
    await accessible();
    await confirm.click();
    await page.getByText('ben is believed again').waitFor();
    await page.getByRole('table', { name: 'Audit events' }).getByText('believes it again: the disk was replaced').waitFor();
    await accessible();
  });

  it('keeps surplus copies after all when an admin says so', async () => {
    const { page } = browser;
    // ben is away and no sweep runs, so nobody but the admin acts on it.
    const trim = leave({ onlyHolder: benId, reason: 'surplus', packIds: packIds.slice(0, 1) });
    const signed = signRelease(trim, adas.keys.secretKey);
    inDatabase(
      `INSERT INTO trims (release_id, vault_id, device_id, holder_device_id, trim_sequence, state, packs, bytes, statement, release_hash, countersign,
         received_at_ms, hold_until_ms) VALUES (?, ?, ?, ?, 1, 'holding', 1, 2000000, ?, ?, '', ?, ?)`,
      ...[trim.releaseId, trim.vaultId, adas.deviceId, benId, JSON.stringify(signed), releaseHashOf(signed)],
      ...[Date.now(), Date.now() + 14 * 86_400_000],
    );
    await goTo(page, 'Storage');
    await page.reload();
    const table = page.getByRole('table', { name: 'Surplus copies' });
    await table.getByText('lets copies of ada go').waitFor();
    await table.getByText('in 14 days').waitFor();
    await accessible();
    await table.getByRole('button', { name: 'Keep the copies at ben' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Keep them' }).click();
    await table.getByText('Cancelled').first().waitFor();
  });

  it('shows everything to an auditor, and offers nothing', async () => {
    const { page } = browser;
    await scene.team.setup.admin.send('POST', '/api/v1/accounts', account, auditor);
    // Something to decide about: after a cancel the next one waits again.
    inDatabase("UPDATE releases SET state = 'waiting' WHERE device_id = ?", adas.deviceId);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await signIn(page, scene.team.coordinator.url, auditor);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await goTo(page, 'Storage');
    await page.getByRole('table', { name: 'Releases' }).getByText('Waits for you').waitFor();
    expect(await page.getByRole('button', { name: /^(Approve|Cancel|Keep)/ }).count()).toBe(0);
    expect(browser.complaints).toEqual([]);
  });
});
