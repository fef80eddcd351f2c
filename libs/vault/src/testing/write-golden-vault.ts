/**
 * Writes test/fixtures/vault-v1: a small complete vault and the vectors of format version 1. Run once for each version:
 *   node --conditions=holdfast-source libs/vault/src/testing/write-golden-vault.ts
 * What it wrote is never changed again, so it refuses to overwrite.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { toHex, utf8 } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import { aVault } from './a-vault.ts';
import { describeSnapshot } from './describe-snapshot.ts';
import { goldenTree } from './golden-tree.ts';
import { goldenVectors } from './golden-vectors.ts';

const folder = new URL('../../../../test/fixtures/vault-v1/', import.meta.url);
const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

await mkdir(new URL('..', folder), { recursive: true });
await mkdir(folder);
await mkdir(new URL('packs/', folder));
const vault = await aVault({ seed: 20_260_105 });
await vault.snapshot(goldenTree());
await vault.snapshot(
  { ...goldenTree(), 'new.bin': seededRandom(5).bytes(9_000) },
  { tags: ['second'], excludes: ['*.tmp', '/cache'], partial: true, stats: { files: 4_520, bytes: 27_000_000 } },
);
const write = (name: string, data: Uint8Array | string): Promise<void> => writeFile(new URL(name, folder), data);
await write('header', vault.headerBytes);
await write('head', vault.headBytes!);
for (const [packId, pack] of vault.store.packs) {
  await write(`packs/${packId}.pack`, pack.bytes);
  await write(`packs/${packId}.root`, pack.rootBlock);
}
await write(
  'keys.json',
  json({
    masterKey: toHex(vault.masterKey),
    passphrase: vault.passphrase,
    recoverySecretKey: toHex(vault.recoveryKeyPair.secretKey),
    signingSeed: toHex(vault.signingKeyPair.secretKey.subarray(0, 32)),
    signingPublicKey: toHex(vault.signingKeyPair.publicKey),
  }),
);
const reader = await vault.open();
const snapshots = [];
for await (const snapshot of reader.snapshots()) {
  // Thousands of empty files differ by name only.
  const entries = (await describeSnapshot(vault.primitives, reader, snapshot)).filter(
    (entry) => !String(entry['path']).includes(`${toHex(utf8('many'))}/`) || /30(30|39)$/.test(String(entry['path'])),
  );
  const { sequence, host, user, excludes, tags, stats, partial, startedAtMs, endedAtMs } = snapshot;
  snapshots.push({
    record: { sequence, host, user, excludes, tags, stats, partial, startedAtMs, endedAtMs },
    recordId: toHex(snapshot.recordId),
    entries,
  });
}
await write('expected.json', json({ vaultId: vault.header.vaultId, chunks: reader.index.size, packs: reader.packs.size, snapshots }));
await write('vectors.json', json(goldenVectors(vault.primitives)));
