import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Roster, RosterMember } from '#libs/contracts';
import { AuditAnswers, cryptoReady, peerIdFromSigningKey, signingKeyPairFromSeed } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import type { DeviceId, PackId } from '#libs/kernel';
import { systemRandom, toBase64Url } from '#libs/kernel';
import type { Swarm } from '#libs/swarm';
import { FilePackStore, startSwarm } from '#libs/swarm';
import { packDag } from '#libs/vault';
import { defaultAuditSettings } from '#libs/durability';
import { BlockProofs } from './block-proof.ts';

const deviceId = (n: number): DeviceId => `00000000-0000-4000-8000-00000000000${n}` as DeviceId;

/** Two real nodes on loopback: the coordinator's, and a holder's with one good, one rotten and one missing pack. */
describe('judging a replica by its blocks', () => {
  const primitives = nodePrimitives();
  const bytes = systemRandom.bytes(2.5 * 1024 * 1024);
  const nonce = systemRandom.bytes(32);
  let folder: string;
  let judge: Swarm;
  let holder: Swarm;
  let good: PackId;
  let rotten: PackId;
  let online: boolean;
  /** With whom our node is connected, and whether it runs at all. */
  let connected: DeviceId[] = [];
  let running = true;
  let proofs: BlockProofs;

  beforeAll(async () => {
    await cryptoReady();
    folder = await mkdtemp(join(tmpdir(), 'holdfast-proof-'));
    const store = await FilePackStore.open(join(folder, 'held'));
    const dag = packDag(primitives, bytes);
    const other = packDag(primitives, bytes.subarray(1));
    [good, rotten] = [dag.packId, other.packId];
    await store.put({ ...dag, kind: 'data', bytes });
    await store.put({ ...other, kind: 'data', bytes: bytes.slice(1) });
    const file = await open(join(folder, 'held', rotten.slice(-3, -1), `${rotten}.pack`), 'r+');
    await file.write(Buffer.from([~bytes[1 + 1_500_000]! & 0xff]), 0, 1, 1_500_000);
    await file.close();
    const seeds = [1, 2].map(() => systemRandom.bytes(32));
    const node = (n: number, stores: FilePackStore[]): Promise<Swarm> =>
      startSwarm({ seed: seeds[n]!, listen: ['/ip4/127.0.0.1/tcp/0'], stores, bitswap: false });
    judge = await node(0, []);
    holder = await node(1, [store]);
    const members = [judge, holder].map((swarm, n): RosterMember => {
      const { publicKey } = signingKeyPairFromSeed(seeds[n]!);
      return {
        ...{ deviceId: deviceId(n + 1), peerId: peerIdFromSigningKey(publicKey), name: `device ${n}`, site: '', class: 'workstation' },
        ...{ state: 'active', signingKey: toBase64Url(publicKey), boxKey: toBase64Url(new Uint8Array(32)), addresses: swarm.addresses() },
      };
    });
    const roster: Roster = { teamId: '00000000-0000-4000-8000-000000000000', version: 1, issuedAtMs: 0, members };
    await judge.setRoster(roster);
    await holder.setRoster(roster);
    online = true;
    type Parts = ConstructorParameters<typeof BlockProofs>;
    const access = {
      current: async () => {
        if (!running) throw new Error('the node is not running');
        return {
          blockSource: (id: DeviceId) => judge.blockSource(id),
          connections: () => connected.map((id) => ({ peer: { deviceId: id } })),
        };
      },
    } as unknown as Parts[0];
    const times = { settings: { ...defaultAuditSettings, reading: { graceMs: 10_000, bytesPerSecond: 1_000_000 } } } as Parts[2];
    proofs = new BlockProofs(access, { isOnline: () => online } as unknown as Parts[1], times);
  });
  afterAll(async () => {
    await judge.stop();
    await holder.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const prove = (packId: PackId) => proofs.prove(deviceId(2), packId, toBase64Url(nonce), AbortSignal.timeout(30_000));

  it('finds a whole one, and what the right answer is', async () => {
    const right = new AuditAnswers(primitives, [nonce]);
    right.update(bytes);
    expect(await prove(good)).toEqual({ kind: 'whole', answer: toBase64Url(right.answers()[0]!) });
  });

  it('finds a damaged one, and one that is not there', async () => {
    expect(await prove(rotten)).toMatchObject({ kind: 'damaged' });
    expect(await prove(packDag(primitives, bytes.subarray(2)).packId)).toMatchObject({ kind: 'damaged' });
  });

  it('blames nobody who is not online, and calls silence silence only while our own node is connected with others', async () => {
    online = false;
    expect(await prove(good)).toMatchObject({ kind: 'unreachable', silent: false });
    online = true;
    await holder.stop();
    expect(await prove(good)).toMatchObject({ kind: 'unreachable', silent: false });
    connected = [deviceId(2)];
    expect(await prove(good)).toMatchObject({ kind: 'unreachable', silent: false });
    connected = [deviceId(3)];
    expect(await prove(good)).toMatchObject({ kind: 'unreachable', silent: true });
    running = false;
    expect(await prove(good)).toMatchObject({ kind: 'unreachable', silent: false });
  });

  describe('of a holder that gives its first block at once', () => {
    const dag = packDag(primitives, bytes);
    /** What it does then. It breaks off when the reader does. */
    const proofWhen = (then: (signal: AbortSignal) => Promise<void>, others: readonly DeviceId[], graceMs = 200) => {
      type Parts = ConstructorParameters<typeof BlockProofs>;
      const source = {
        rootBlock: () => Promise.resolve(dag.rootBlock),
        async *leaves(_: PackId, first: number, count: number, { signal }: { signal: AbortSignal }) {
          for (let leaf = first; leaf < first + count; leaf += 1) {
            if (leaf > 0) await then(signal);
            yield bytes.subarray(leaf * 1024 * 1024, (leaf + 1) * 1024 * 1024);
          }
        },
      };
      const swarm = { blockSource: () => source, connections: () => others.map((id) => ({ peer: { deviceId: id } })) };
      const access = { current: () => Promise.resolve(swarm) } as unknown as Parts[0];
      const settings = { ...defaultAuditSettings, reading: { graceMs, bytesPerSecond: 100_000_000 } };
      const presence = { isOnline: () => true } as unknown as Parts[1];
      return new BlockProofs(access, presence, { settings } as Parts[2]).prove(
        deviceId(2),
        dag.packId,
        toBase64Url(nonce),
        new AbortController().signal,
      );
    };
    const never = (signal: AbortSignal): Promise<void> =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
    const breaksOff = (): Promise<void> => Promise.reject(new Error('the connection broke'));

    it('cuts off one whose others come too slowly, and says so: neither whole, nor silent, nor put off for ever', async () => {
      expect(await proofWhen(never, [deviceId(3)])).toEqual({ kind: 'slow', why: 'it gave its blocks too slowly' });
    });

    it('says the same of one that breaks off each time', async () => {
      expect(await proofWhen(breaksOff, [deviceId(3)])).toMatchObject({ kind: 'slow' });
    });

    it('blames nobody when our own node is connected with no other', async () => {
      for (const then of [never, breaksOff]) expect(await proofWhen(then, [])).toMatchObject({ kind: 'unreachable', silent: false });
    });

    it('lets each block that comes be waited for as long as its bytes may take', async () => {
      const startedMs = performance.now();
      const short = new Promise<void>((resolve) => setTimeout(resolve, 100));
      expect(await proofWhen(() => short, [deviceId(3)], 30_000)).toMatchObject({ kind: 'whole' });
      expect(performance.now() - startedMs).toBeLessThan(30_000);
    });
  });
});
