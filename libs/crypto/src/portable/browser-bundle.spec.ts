import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toBase64Url, toHex, utf8 } from '#libs/kernel';
import { createTeam, cryptoReady, passphraseCosts, sealToBox } from '../index.ts';
import { nodePrimitives } from '../node/index.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'holdfast-bundle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a browser worker does in a restore: open the kit, unwrap the vault key, open and decompress a chunk. */
const worker = `
import { cryptoReady, openBox, openRecoveryKit, deriveVaultKeys, CryptoError } from '#libs/crypto';
import { portablePrimitives } from '#libs/crypto/portable';
import { fromBase64Url, toHex } from '#libs/kernel';
export async function restore({ kit, passphrase, slot, chunk, prefix, plainLength }) {
  await cryptoReady();
  const wrong = await openRecoveryKit(kit, 'not it').catch((e) => e instanceof CryptoError && e.code);
  const keys = await openRecoveryKit(kit, passphrase);
  const vault = deriveVaultKeys(openBox(fromBase64Url(slot), keys.recovery), 0);
  const primitives = await portablePrimitives();
  const plain = primitives.decompress(primitives.sealer(vault.data, fromBase64Url(prefix)).open(112, fromBase64Url(chunk), new Uint8Array(3)), plainLength);
  return { wrong, plain: new TextDecoder().decode(plain), id: toHex(primitives.keyedBlake3(vault.chunkId, plain)) };
}
`;

/** Imports the bundle where no module can be required, as a browser would, and prints what the worker returns. */
const runner = `
const input = JSON.parse(process.argv[2]);
delete globalThis.process; delete globalThis.Buffer; delete globalThis.global; delete globalThis.require;
const { restore } = await import('./bundle.mjs');
console.log(JSON.stringify(await restore(input)));
`;

interface Metafile {
  readonly inputs: Record<string, { readonly imports: readonly { readonly path: string; readonly external?: boolean }[] }>;
  readonly outputs: Record<string, { readonly bytes: number; readonly imports: readonly { readonly path: string }[] }>;
}
let meta: Metafile;

beforeAll(() => {
  // In a process of its own: esbuild checks that TextEncoder and Uint8Array are of one realm, which they are not inside jest.
  const build = `
    const { build } = await import('esbuild');
    const result = await build({
      stdin: { contents: ${JSON.stringify(worker)}, resolveDir: ${JSON.stringify(root)}, loader: 'js' },
      bundle: true, platform: 'browser', format: 'esm', target: 'es2022', metafile: true,
      conditions: ['holdfast-source'], outfile: ${JSON.stringify(join(folder, 'bundle.mjs'))}, logLevel: 'error',
    });
    console.log(JSON.stringify(result.metafile));
  `;
  meta = JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', build], { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }),
  ) as Metafile;
  writeFileSync(join(folder, 'run.mjs'), runner);
});

describe('the bundle for browsers', () => {
  it('imports nothing from Node, and holds none of the Node half', () => {
    const outside = Object.values(meta.inputs).flatMap(({ imports }) => imports.filter(({ external }) => external).map(({ path }) => path));
    expect(outside).toEqual([]);
    expect(Object.values(meta.outputs).flatMap(({ imports }) => imports)).toEqual([]);
    const inputs = Object.keys(meta.inputs);
    expect(inputs.filter((path) => path.includes('libs/crypto/src/node/'))).toEqual([]);
    expect(inputs.some((path) => path.includes('libs/crypto/src/portable/'))).toBe(true);
  });

  it('restores a chunk that Node sealed, by way of the recovery kit, without any of Node', async () => {
    await cryptoReady();
    const { deriveVaultKeys, newMasterKey, newSigningKeyPair } = await import('../index.ts');
    const { systemRandom } = await import('#libs/kernel');
    const node = nodePrimitives();
    const masterKey = newMasterKey(systemRandom);
    const vault = deriveVaultKeys(masterKey, 0);
    const text = 'the same bytes on the other side\n'.repeat(100);
    const prefix = systemRandom.bytes(16);
    const team = await createTeam({
      name: 'Bundle',
      passphrase: 'in the browser',
      coordinatorKey: newSigningKeyPair(systemRandom).publicKey,
      nowMs: 1_800_000_000_000,
      cost: { ...passphraseCosts.interactive, memoryKiB: 64 },
    });
    const input = {
      kit: team.recoveryKit,
      passphrase: 'in the browser',
      slot: toBase64Url(sealToBox(team.keys.recovery.publicKey, masterKey)),
      chunk: toBase64Url(node.sealer(vault.data, prefix).seal(112, node.compress(utf8(text)), new Uint8Array(3))),
      prefix: toBase64Url(prefix),
      plainLength: text.length,
    };
    const output = execFileSync(process.execPath, ['run.mjs', JSON.stringify(input)], { cwd: folder, encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual({ wrong: 'wrong_passphrase', plain: text, id: toHex(node.keyedBlake3(vault.chunkId, utf8(text))) });
  });
});
