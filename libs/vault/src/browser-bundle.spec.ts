import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const fixture = new URL('../../../test/fixtures/vault-v1/', import.meta.url);
const base64 = (name: string): string => readFileSync(new URL(name, fixture)).toString('base64');

/** What a page or worker would do with a vault that it got as bytes. */
const entry = `
import { cryptoReady } from '#libs/crypto';
import { portablePrimitives } from '#libs/crypto/portable';
import { decodeHeader, unlockHeader, VaultReader, VerifiedBlocks, limits } from '#libs/vault';
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
globalThis.openVault = async ({ header, head, packs, passphrase, path }) => {
  await cryptoReady();
  const primitives = await portablePrimitives();
  const source = {
    name: 'page',
    rootBlock: async (id) => bytes(packs[id].root),
    async *leaves(id, first, count) { for (let k = first; k < first + count; k += 1) yield bytes(packs[id].pack).slice(k * limits.leafBytes, (k + 1) * limits.leafBytes); },
  };
  const masterKey = await unlockHeader(primitives, decodeHeader(bytes(header)), { passphrase });
  const reader = await VaultReader.open({ primitives, masterKey, headerBytes: bytes(header), headBytes: bytes(head), blocks: new VerifiedBlocks({ primitives, sources: [source] }) });
  const snapshot = await reader.snapshot('latest');
  const names = [];
  for await (const entry of reader.list(snapshot, '/home/ann')) names.push(new TextDecoder().decode(entry.name));
  let text = '';
  for await (const part of reader.readFile(await reader.entry(snapshot, path))) text += new TextDecoder().decode(part);
  return JSON.stringify({ primitives: primitives.name, names, text });
};
`;

describe('the reader in a browser', () => {
  it('bundles without anything of Node, and opens the golden vault where there is no Node', async () => {
    const { outputFiles, metafile } = await build({
      stdin: { contents: entry, resolveDir: root, loader: 'ts' },
      bundle: true,
      write: false,
      metafile: true,
      format: 'iife',
      platform: 'browser',
      target: 'es2024',
      conditions: ['holdfast-source'],
      logLevel: 'silent',
    });
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map((one) => one.path));
    expect(imports).toEqual([]);
    const inputs = Object.keys(metafile.inputs);
    expect(inputs.filter((path) => path.startsWith('libs/') && /\/(node|testing)\//.test(path))).toEqual([]);

    // Only what a worker has: no process, Buffer, require or module.
    const web = {
      atob,
      btoa,
      TextDecoder,
      TextEncoder,

      crypto,
      setTimeout,
      clearTimeout,
      queueMicrotask,
      URL,
      AbortController,
      AbortSignal,
      DOMException,
      console,
      performance,
    };
    const context = createContext({ ...web });
    runInContext('globalThis.self = globalThis; globalThis.window = globalThis;', context);
    runInContext(outputFiles[0]!.text, context);
    const packs = Object.fromEntries(
      readdirSync(new URL('packs/', fixture))
        .filter((name) => name.endsWith('.pack'))
        .map((name) => [name.slice(0, -5), { pack: base64(`packs/${name}`), root: base64(`packs/${name.slice(0, -5)}.root`) }]),
    );
    const { passphrase } = JSON.parse(readFileSync(new URL('keys.json', fixture), 'utf8')) as { passphrase: string };
    const input = JSON.stringify({ header: base64('header'), head: base64('head'), packs, passphrase, path: '/home/ann/notes.txt' });
    const result = JSON.parse(await (runInContext(`openVault(${input})`, context) as Promise<string>)) as {
      primitives: string;
      names: string[];
      text: string;
    };
    expect(result.primitives).toBe('portable');
    expect(result.names).toContain('photo copy.raw');
    expect(result.text).toBe('Golden vault, format version 1.\n'.repeat(40));
  });
});
