import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { multiaddr } from '@multiformats/multiaddr';
import { decodeHeader, encodeHeader } from '#libs/vault';
import type { TestVault } from '#libs/vault/testing';
import { aVault } from '#libs/vault/testing';
import { signingKeyPairFromSeed } from '#libs/crypto';
import { equalBytes } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { faultyFiles } from '#libs/kernel/testing';
import type { SwarmOptions } from '../swarm-types.ts';
import { aDevice, aFolder, aMember } from '../testing/builders.ts';
import { blurt, hear, rawNode } from '../testing/raw-node.ts';
import type { TestNode } from '../testing/team.ts';
import { TestTeam } from '../testing/team.ts';
import { FileVaultDocumentStore } from './file-store.ts';
import { encodeRequest, vaultProtocol } from './messages.ts';
import type { VaultDocuments } from './store.ts';

let vault: TestVault;
/** States of one vault: created, after one snapshot, after two. */
const states: VaultDocuments[] = [];
const documentsOf = (v: TestVault): VaultDocuments => ({
  vaultId: v.header.vaultId,
  header: v.headerBytes,
  head: v.headBytes,
  sequence: v.head?.sequence ?? 0,
});

beforeAll(async () => {
  vault = await aVault();
  states.push(documentsOf(vault));
  await vault.snapshot({ a: Uint8Array.of(1) });
  states.push(documentsOf(vault));
  await vault.snapshot({ a: Uint8Array.of(2) });
  states.push(documentsOf(vault));
}, 60_000);

// Loading the network's libraries inside jest takes seconds on a busy machine.
jest.setTimeout(60_000);

describe('FileVaultDocumentStore', () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeAll(async () => ({ path: folder, remove } = await aFolder()));
  afterAll(() => remove());
  let count = 0;
  const aStore = (options = {}): FileVaultDocumentStore => new FileVaultDocumentStore(join(folder, String((count += 1))), options);

  it('keeps the newest, over a restart', async () => {
    const store = aStore();
    expect(await store.get(vault.header.vaultId)).toBeUndefined();
    for (const state of states) expect(await store.put(state)).toBe(state.sequence);
    expect(await store.put(states[1]!)).toBe(2);
    expect(await store.put(states[2]!)).toBe(2);
    const again = new FileVaultDocumentStore(join(folder, String(count)));
    expect(await again.get(vault.header.vaultId)).toEqual(states[2]);
  });

  it('takes nothing that the owner did not sign, of another vault, or forked', async () => {
    const other = await aVault({ seed: 2 });
    await other.snapshot({ b: Uint8Array.of(1) });
    const stranger = signingKeyPairFromSeed(new Uint8Array(32).fill(9));
    const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
    const [, one] = states;
    const taken = encodeHeader({ ...decodeHeader(vault.headerBytes), signingPublicKey: stranger.publicKey }, stranger);
    for (const wrong of [
      { ...one!, header: other.headerBytes },
      { ...one!, head: other.headBytes! },
      { ...one!, sequence: 9 },
      { ...one!, head: undefined },
      { ...one!, header: flip(one!.header, 40) },
      { ...one!, head: flip(one!.head!, 60) },
      { ...one!, header: new Uint8Array(256 * 1024 + 1) },
      { ...one!, header: new Uint8Array() },
      { ...one!, vaultId: '../../etc' as never },
    ]) {
      await expect(aStore().put(wrong)).rejects.toMatchObject({ code: 'document_invalid' });
    }
    await expect(aStore({ isMemberKey: () => false }).put(one!)).rejects.toMatchObject({ code: 'document_invalid' });
    const store = aStore({
      isMemberKey: (key: Uint8Array) => equalBytes(key, vault.signingKeyPair.publicKey) || equalBytes(key, stranger.publicKey),
    });
    await store.put(states[0]!);
    await expect(store.put({ ...states[0]!, header: taken })).rejects.toMatchObject({ code: 'document_invalid' });
    expect(await store.get(vault.header.vaultId)).toEqual(states[0]);
  });

  it('takes no header with which the owner, taken over, locks a recovery key out', async () => {
    const store = aStore();
    await store.put(states[1]!);
    const header = decodeHeader(vault.headerBytes);
    const next = { ...header, sequence: header.sequence + 1 };
    const box = header.slots[0]!.box.map((byte) => byte ^ 1);
    expect(header.slots.map((slot) => slot.kind)).toContain('recovery');
    for (const shut of [
      { ...next, binding: next.binding.map((byte) => byte ^ 1) },
      { ...next, slots: header.slots.map((slot) => (slot.kind === 'recovery' ? { ...slot, box } : slot)) },
    ]) {
      const offered = { ...states[2]!, header: encodeHeader(shut, vault.signingKeyPair) };
      await expect(store.put(offered)).rejects.toMatchObject({ code: 'document_invalid' });
    }
    expect(await store.get(vault.header.vaultId)).toEqual(states[1]);
    const harmless = { ...states[2]!, header: encodeHeader(next, vault.signingKeyPair) };
    expect(await store.put(harmless)).toBe(2);
  });

  it('treats a damaged file as absent, and a full disk as such', async () => {
    const store = aStore();
    await store.put(states[1]!);
    const [name] = await readdir(join(folder, String(count)));
    await writeFile(join(folder, String(count), name!), 'garbage');
    expect(await store.get(vault.header.vaultId)).toBeUndefined();
    expect(await store.put(states[2]!)).toBe(2);
    const full = aStore({ files: faultyFiles(nodeFiles, { fullAt: 1 }) });
    await expect(full.put(states[1]!)).rejects.toMatchObject({ code: 'store_full', status: 'temporary' });
  });
});

describe('/holdfast/vault/1', () => {
  let team: TestTeam;
  let fresh = true;
  afterEach(async () => {
    fresh = true;
    await team.stop();
  });
  const nodes = (): [TestNode, TestNode] => team.nodes as [TestNode, TestNode];
  const aTeam = async (limits: SwarmOptions['limits'] = {}): Promise<void> => {
    team = await TestTeam.of(1);
    await team.add(1, {
      documents: new FileVaultDocumentStore(join(team.folder, 'documents')),
      mayGiveOut: () => fresh,
      limits,
    });
    await team.enrol();
  };

  it('leaves documents with a holder and gets the newest back', async () => {
    await aTeam();
    const [owner, holder] = nodes();
    const { deviceId } = holder.device;
    expect(await owner.swarm.fetchVaultDocuments(deviceId, vault.header.vaultId)).toBeUndefined();
    expect(await owner.swarm.pushVaultDocuments(deviceId, states[0]!)).toBe(0);
    expect(await owner.swarm.fetchVaultDocuments(deviceId, vault.header.vaultId)).toEqual(states[0]);
    expect(await owner.swarm.pushVaultDocuments(deviceId, states[2]!)).toBe(2);
    expect(await owner.swarm.pushVaultDocuments(deviceId, states[1]!)).toBe(2);
    expect(await owner.swarm.fetchVaultDocuments(deviceId, vault.header.vaultId)).toEqual(states[2]);
    await expect(owner.swarm.pushVaultDocuments(deviceId, { ...states[2]!, sequence: 5 })).rejects.toMatchObject({ code: 'peer_refused' });
    await expect(holder.swarm.fetchVaultDocuments(owner.device.deviceId, vault.header.vaultId)).rejects.toMatchObject({
      code: 'source_unavailable',
    });
  });

  it('gives no documents out while the roster is too old', async () => {
    await aTeam();
    const [owner, holder] = nodes();
    const { deviceId } = holder.device;
    await owner.swarm.pushVaultDocuments(deviceId, states[0]!);
    fresh = false;
    await expect(owner.swarm.fetchVaultDocuments(deviceId, vault.header.vaultId)).rejects.toMatchObject({ code: 'peer_refused' });
  });

  it('hangs up on requests that are oversize, unfinished, or nonsense', async () => {
    // Whoever means it well is given more time than this by a busy machine.
    await aTeam({ idleTimeoutMs: 300, frameTimeoutMs: 600 });
    const [, holder] = nodes();
    const device = aDevice(13);
    const hostile = await rawNode(device);
    await team.enrol([...team.nodes.map((node) => node.member()), aMember(device)]);
    const put = encodeRequest('put', vault.header.vaultId);
    for (const request of [
      [Uint8Array.of(9, ...new Uint8Array(16))],
      [put.subarray(0, 5)],
      [put, new Uint8Array(8), Uint8Array.of(0xff, 0xff, 0xff, 0xff)],
      [put, new Uint8Array(8).fill(0xff), Uint8Array.of(1, 0, 0, 0, 1)],
      [put, new Uint8Array(8), Uint8Array.of(4, 0, 0, 0, 1, 2)],
    ]) {
      const stream = await hostile.dialProtocol(multiaddr(holder.swarm.addresses()[0]), vaultProtocol);
      const heard = async (): Promise<void> => {
        // A busy machine may be hung up on before it has said it all.
        await blurt(stream, ...request);
        if ((await hear(stream, 1)).length === 0) throw new Error('ended');
      };
      await expect(heard()).rejects.toThrow();
    }
    await hostile.stop();
  });
});
