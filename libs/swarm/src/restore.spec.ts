import { afterEach, describe, expect, it } from '@jest/globals';
import { VerifiedBlocks } from '#libs/vault';
import { aVault } from '#libs/vault/testing';
import { hashers } from './hashes.ts';
import { leafBytes } from './pack-transfer/limits.ts';
import { pathOf } from './pack-store/paths.ts';
import type { TestNode } from './testing/team.ts';
import { TestTeam } from './testing/team.ts';
import { open } from 'node:fs/promises';

describe('restore over the swarm', () => {
  let team: TestTeam;
  afterEach(() => team.stop());

  it('reads a real vault from two holders, going round a rotten replica and naming it', async () => {
    team = await TestTeam.of(3);
    const [reader, a, b] = team.nodes as [TestNode, TestNode, TestNode];
    const vault = await aVault();
    const content = hashers.blake3(Uint8Array.of(1));
    await vault.snapshot({ folder: { 'notes.txt': content } });
    for await (const packId of vault.store.ids()) {
      const rootBlock = await vault.store.rootBlock(packId);
      const parts: Uint8Array[] = [];
      for await (const leaf of vault.store.leaves(packId, 0, Math.ceil((await vault.store.size(packId))! / leafBytes))) parts.push(leaf);
      for (const node of [a, b]) await node.held.packs.put({ packId, kind: 'data', bytes: Buffer.concat(parts), rootBlock });
    }
    for (const { packId } of a.held.packs.list()) {
      const file = await open(pathOf(a.held.packs.folder, packId, 'pack'), 'r+');
      await file.write(Uint8Array.of(0xff, 0x00, 0xff), 0, 3, 100);
      await file.close();
    }
    const rejected: string[] = [];
    const read = await vault.open({
      blocks: new VerifiedBlocks({
        primitives: hashers,
        sources: reader.swarm.blockSources([a.device.deviceId, b.device.deviceId]),
        onRejected: ({ source }) => rejected.push(source),
      }),
    });
    const snapshot = await read.snapshot('latest');
    const paths: string[] = [];
    for await (const { path, entry } of read.walk(snapshot)) {
      paths.push(path.map((name) => Buffer.from(name).toString()).join('/'));
      if (entry.type !== 'file') continue;
      const bytes: Uint8Array[] = [];
      for await (const part of read.readFile(entry)) bytes.push(part);
      expect(Buffer.concat(bytes).equals(content)).toBe(true);
    }
    expect(paths.some((path) => path.endsWith('notes.txt'))).toBe(true);
    // The holder found its own rot and said so: it was not taken for a lie.
    expect(a.events.some((event) => event.kind === 'damaged')).toBe(true);
    expect(rejected.every((source) => source === a.member().name)).toBe(true);
  }, 60_000);
});
