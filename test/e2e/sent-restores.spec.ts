import { beforeAll, describe, expect, it } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CreateRestore, Restore } from '#libs/contracts';
import { restore } from '#libs/contracts';
import type { RestoreOrder } from '#libs/crypto';
import { cryptoReady, sealRestoreOrder } from '#libs/crypto';
import { fromBase64Url, systemRandom, toBase64Url } from '#libs/kernel';
import type { Agent } from '../support/agent.ts';
import { until } from '../support/processes.ts';
import { restoredPath } from '../support/restored-path.ts';
import { teamForTests } from '../support/team-for-tests.ts';

/** What the panel does once it has opened a vault, and what a coordinator could do that passes it on. */
describe('a restore that was sent to a machine', () => {
  const scene = teamForTests({ replicas: 1 });
  const notes = join(scene.folder, 'notes');
  const restores = join(scene.folder, 'restores-of-ben');
  const elsewhere = join(scene.folder, 'elsewhere');
  let ada: Agent;
  let ben: Agent;

  beforeAll(async () => {
    await cryptoReady();
    mkdirSync(notes);
    writeFileSync(join(notes, 'note'), 'by ada');
    chmodSync(join(notes, 'note'), 0o4755);
    ada = await scene.team.join('ada', [notes]);
    ben = await scene.team.join('ben');
    writeFileSync(join(ben.home, 'backup.yaml'), `panelRestores: ['${restores}']\n`, { mode: 0o600 });
    await ada.must(['backup', '--wait-protected']);
  });

  /** Of Ada's vault to one machine, sealed as the panel seals it. */
  const sealedFor = async (target: string, over: Partial<RestoreOrder> = {}): Promise<CreateRestore> => {
    const { deviceId, boxKey } = (await scene.team.devices()).find((device) => device.name === target)!;
    const { vaultId } = (await scene.team.latestSnapshot('ada'))!;
    const order: RestoreOrder = {
      ...{ vaultId, targetDeviceId: deviceId, snapshotSequence: 1, paths: [] },
      ...{ destination: 'from ada', conflict: 'fail', ...over },
    };
    const masterKey = readFileSync(join(ada.home, 'vault.key'));
    const sealed = sealRestoreOrder(order, masterKey, fromBase64Url(boxKey), { nowMs: Date.now(), random: systemRandom });
    return { ...order, paths: [...order.paths], sealedVaultKey: toBase64Url(sealed) };
  };
  const send = async (request: CreateRestore): Promise<Restore> => {
    const { admin } = scene.team.setup;
    const { restoreId } = await admin.post('/api/v1/restores', restore, request);
    return until('the restore has ended', async () => {
      const now = await admin.get(`/api/v1/restores/${restoreId}`, restore);
      return (now.state === 'done' || now.state === 'failed') && now;
    });
  };
  const noteIn = (place: string): string => readFileSync(join(restoredPath(place, notes), 'note'), 'utf8');

  it("writes another machine's files below the folder for restores, once", async () => {
    const request = await sealedFor('ben');
    expect(await send(request)).toMatchObject({ state: 'done', summary: { files: 1, errors: 0, writtenTo: join(restores, 'from ada') } });
    expect(noteIn(join(restores, 'from ada'))).toBe('by ada');
    expect(await send(request)).toMatchObject({
      state: 'failed',
      errorCode: 'restore_refused',
      errorMessage: expect.stringContaining('before'),
    });
    // The machine remembers, not the daemon.
    await ben.kill();
    await ben.daemonReady();
    expect(await send(request)).toMatchObject({ state: 'failed', errorCode: 'restore_refused' });
  });

  it("writes another machine's files nowhere else, whoever asks: no whole path, no original place, no way through a link", async () => {
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, join(restores, 'link'));
    for (const destination of [elsewhere, null, 'link', '../elsewhere']) {
      const ended = await send(await sealedFor('ben', { destination, conflict: 'overwrite' }));
      expect(ended).toMatchObject({ state: 'failed', errorCode: 'restore_refused', errorMessage: expect.stringContaining(restores) });
    }
    expect(existsSync(restoredPath(elsewhere, notes))).toBe(false);
  });

  it('goes anywhere, original places as well, where the machine says so, and brings no powers along there either', async () => {
    const rules = join(ben.home, 'backup.yaml');
    const before = readFileSync(rules);
    writeFileSync(rules, 'panelRestores: anywhere\n');
    try {
      const anywhere = join(scene.folder, 'anywhere');
      expect(await send(await sealedFor('ben', { destination: anywhere }))).toMatchObject({
        state: 'done',
        summary: { files: 1, errors: 0, writtenTo: anywhere },
      });
      expect(noteIn(anywhere)).toBe('by ada');
      expect(statSync(join(restoredPath(anywhere, notes), 'note')).mode & 0o7777).toBe(0o755);
      writeFileSync(join(notes, 'note'), 'by somebody since');
      expect(await send(await sealedFor('ben', { destination: null, conflict: 'overwrite' }))).toMatchObject({
        state: 'done',
        summary: { files: 1, errors: 0, writtenTo: 'the original places' },
      });
      expect(readFileSync(join(notes, 'note'), 'utf8')).toBe('by ada');
      expect(statSync(join(notes, 'note')).mode & 0o7777).toBe(0o755);
    } finally {
      writeFileSync(rules, before);
    }
    // Asked anew for each order: what was allowed once is not any more.
    expect(await send(await sealedFor('ben', { destination: join(scene.folder, 'anywhere-else') }))).toMatchObject({
      state: 'failed',
      errorCode: 'restore_refused',
    });
  });

  it('is not carried out as somebody on the way would rather have it', async () => {
    const request = await sealedFor('ada', { destination: join(scene.folder, 'asked-for') });
    for (const over of [{ destination: null, conflict: 'overwrite' }, { destination: elsewhere }, { paths: ['/x'] }] as const)
      expect(await send({ ...request, ...over, paths: [...(over.paths ?? [])] })).toMatchObject({
        state: 'failed',
        errorCode: 'order_altered',
      });
    const forAda = (await sealedFor('ada')).targetDeviceId;
    expect(await send({ ...(await sealedFor('ben')), targetDeviceId: forAda })).toMatchObject({ state: 'failed', errorCode: 'wrong_key' });
    // Untouched, the machine's own files go to any place.
    expect(await send(request)).toMatchObject({ state: 'done' });
    expect(noteIn(join(scene.folder, 'asked-for'))).toBe('by ada');
  });
});
