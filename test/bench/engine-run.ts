/**
 * One measured step of the engine in a process of its own, so that its memory and processor time can be told apart:
 *   node test/bench/engine-run.ts backup  STATE FOLDER
 *   node test/bench/engine-run.ts restore STATE TARGET
 * STATE holds the vault and its packs. Prints one JSON line. Durable, encrypted and compressed as shipped.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cryptoReady, newMasterKey, newSigningKeyPair, signingKeyPairFromSeed, signingSeed } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { LocalVault, backup, openReader, restore } from '#libs/engine';
import { systemRandom } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { FilePackStore } from '#libs/swarm';

const [verb, state, folder] = process.argv.slice(2) as [string, string, string];

await cryptoReady();
const keyFile = join(state, 'keys');
const isNew = !existsSync(keyFile);
if (isNew)
  writeFileSync(keyFile, Buffer.concat([newMasterKey(systemRandom), signingSeed(newSigningKeyPair(systemRandom).secretKey)]), {
    mode: 0o600,
  });
const keys = readFileSync(keyFile);
const masterKey = new Uint8Array(keys.subarray(0, 32));
const signingKeyPair = signingKeyPairFromSeed(new Uint8Array(keys.subarray(32, 64)));
const primitives = nodePrimitives();
const store = await FilePackStore.open(join(state, 'packs'));
const options = { files: nodeFiles, folder: join(state, 'vault'), store, primitives, masterKey, signingKeyPair };

if (verb === 'backup') {
  const vault = isNew
    ? await LocalVault.create({ ...options, slots: [{ kind: 'passphrase', passphrase: 'measured', label: 'bench' }] })
    : await LocalVault.open(options);
  const { snapshot } = await backup({
    vault,
    folders: [folder],
    host: 'bench',
    user: 'bench',
    workers: Number(process.env['HOLDFAST_WORKERS'] ?? 0),
  });
  report({ stored: snapshot.stats.newPackBytes, files: snapshot.stats.files, packs: snapshot.stats.newPacks });
} else if (verb === 'restore') {
  const { reader } = await openReader({
    primitives,
    masterKey,
    headerBytes: readFileSync(join(state, 'vault', 'header')),
    headBytes: readFileSync(join(state, 'vault', 'head')),
    sources: [store],
  });
  const done = await restore({ reader, to: folder, conflict: 'fail' });
  report({ stored: 0, files: done.files, packs: done.packsFetched, errors: done.errorCount });
} else throw new Error(`what is "${verb}"?`);

function report(facts: Record<string, number>): void {
  console.log(JSON.stringify(facts));
}
