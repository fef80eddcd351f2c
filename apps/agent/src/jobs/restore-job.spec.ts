import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobTask } from '#libs/contracts';
import { newBoxKeyPair, newMasterKey, newSigningKeyPair, sealRestoreOrder } from '#libs/crypto';
import { nodeCryptoReady, nodePrimitives } from '#libs/crypto/node';
import { backup, LocalVault } from '#libs/engine';
import type { DeviceId, VaultId } from '#libs/kernel';
import { systemClock, systemRandom, toBase64Url } from '#libs/kernel';
import { FilesError, nodeFiles } from '#libs/kernel/node';
import { FilePackStore } from '#libs/swarm';
import { AgentError } from '../errors.ts';
import { silentLog } from '../log/agent-log.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { restoreJob } from './restore-job.ts';

type Restore = Extract<JobTask, { kind: 'restore' }>;
const deviceId = '00000000-0000-4000-8000-000000000001' as DeviceId;

/** The vault on this disk does not open, so its documents come from the coordinator; the packs are here. */
describe("a restore of this machine's own backup", () => {
  let home: string;
  let source: string;
  let vaultId: VaultId;
  let agentWith: (identity: { ownKey: 'of the vault' | 'another' }) => AgentRuntime;
  let taskFor: (destination: string) => Restore;

  beforeAll(async () => {
    await nodeCryptoReady();
    home = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-restore-job-')));
    source = join(home, 'source');
    mkdirSync(source);
    writeFileSync(join(source, 'note'), 'mine');
    const [own, held] = [await FilePackStore.open(join(home, 'own')), await FilePackStore.open(join(home, 'held'))];
    const [masterKey, signing, other, box] = [
      newMasterKey(systemRandom),
      newSigningKeyPair(systemRandom),
      newSigningKeyPair(systemRandom),
      newBoxKeyPair(systemRandom),
    ];
    const vault = await LocalVault.create({
      ...{ files: nodeFiles, folder: join(home, 'vault'), store: own, primitives: nodePrimitives(), masterKey, signingKeyPair: signing },
      ...{ clock: systemClock, onPack: () => undefined, slots: [{ kind: 'recovery', publicKey: box.publicKey, label: 'test' }] },
    });
    await backup({ vault, folders: [source], host: 'h', user: 'u' });
    ({ vaultId } = vault.header);
    const document = {
      ...{ vaultId, deviceId, deviceName: 'ada' },
      ...{ header: toBase64Url(vault.headerBytes), head: toBase64Url(vault.headBytes) },
    };
    await vault.close();
    taskFor = (destination) => {
      const order = { vaultId, targetDeviceId: deviceId, snapshotSequence: 1, paths: [], destination, conflict: 'fail' as const };
      const sealed = sealRestoreOrder(order, masterKey, box.publicKey, { nowMs: Date.now(), random: systemRandom });
      const { targetDeviceId: _, ...task } = order;
      return { ...task, kind: 'restore', restoreId: crypto.randomUUID(), ownerDeviceId: deviceId, sealedVaultKey: toBase64Url(sealed) };
    };
    agentWith = ({ ownKey }) =>
      ({
        ...{ role: 'daemon', clock: systemClock, files: nodeFiles, log: silentLog, own, held: { packs: held } },
        document: { vaultId, deviceId, name: 'ada' },
        identity: { box, signing: ownKey === 'another' ? other : signing },
        paths: { restoreOrders: join(home, 'restore-orders.json'), backupRules: join(home, 'backup.yaml') },
        // Whatever key is right, the roster names the one that the documents are signed with.
        roster: { member: () => ({ name: 'ada', signingKey: toBase64Url(signing.publicKey) }) },
        vault: { use: () => Promise.reject(new AgentError('block_corrupt', 'the vault does not open')) },
        coordinator: { vault: async () => document },
        holders: { sources: () => [] },
      }) as unknown as AgentRuntime;
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  const run = (task: Restore, agent: AgentRuntime, job = restoreJob(agent)) =>
    job(task, { agent, signal: new AbortController().signal, report: () => undefined });

  it('goes to any place, from documents that this machine signed', async () => {
    const to = join(home, 'restored');
    expect(await run(taskFor(to), agentWith({ ownKey: 'of the vault' }))).toMatchObject({
      summary: { files: 1, errors: 0, writtenTo: to },
    });
    expect(readFileSync(join(to, source, 'note'), 'utf8')).toBe('mine');
  });

  it('ends well on a disk that is full when it is to be noted, and is refused when it is asked for again as another one', async () => {
    const failures: string[] = [];
    const agent = {
      ...agentWith({ ownKey: 'of the vault' }),
      log: { ...silentLog, write: (_: string, message: string) => void failures.push(message) },
      files: { ...nodeFiles, replace: () => Promise.reject(new FilesError('disk_full', 'no space left', { status: 'temporary' })) },
    } as unknown as AgentRuntime;
    const job = restoreJob(agent);
    const task = taskFor(join(home, 'filled'));
    const first = await run(task, agent, job);
    expect(first).toMatchObject({ summary: { files: 1, errors: 0 } });
    expect(failures.at(-1)).toMatch(/could not be noted/);
    // The coordinator has not heard of it: it is said again, and nothing is done.
    expect(await run(task, agent, job)).toEqual(first);
    await expect(run({ ...task, restoreId: crypto.randomUUID() }, agent, job)).rejects.toMatchObject({ code: 'restore_refused' });
  });

  it('takes no documents that another key signed, whatever the roster says of whose it is', async () => {
    const to = join(home, 'forged');
    await expect(run(taskFor(to), agentWith({ ownKey: 'another' }))).rejects.toMatchObject({
      code: 'bad_signature',
    });
    expect(existsSync(to)).toBe(false);
  });
});
