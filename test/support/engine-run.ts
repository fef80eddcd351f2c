/**
 * The built engine as one process, the way the agent runs it but without a network, so that time, memory and processor time are those of
 * the engine from start to end, Node.js included:
 *   node test/support/engine-run.ts create  STATE
 *   node test/support/engine-run.ts backup  STATE FOLDER
 *   node test/support/engine-run.ts restore STATE TARGET [PATH]
 * STATE/store holds the vault and its packs, STATE/compression says on or off. Prints one JSON line. $HOLDFAST_WORKERS: worker threads.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { newMasterKey, newSigningKeyPair, signingKeyPairFromSeed, signingSeed } from '#libs/crypto';
import { nodeCryptoReady, nodePrimitives } from '#libs/crypto/node';
import { LocalVault, backup, openReader, restore } from '#libs/engine';
import { systemRandom } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { FilePackStore } from '#libs/swarm';
import '../../apps/agent/src/file-threads.ts';

/** $HOLDFAST_DURABLE=0: like the others, a restore that leaves it to the system when its files reach the disk. */
const durable = process.env['HOLDFAST_DURABLE'] !== '0';
/** As the agent takes them. */
const workers = Number(process.env['HOLDFAST_WORKERS'] ?? Math.min(4, Math.max(1, cpus().length)));

const [verb, state, folder = '', path] = process.argv.slice(2) as [string, string, string?, string?];

await nodeCryptoReady();
const keyFile = join(state, 'keys');
if (verb === 'create')
  writeFileSync(keyFile, Buffer.concat([newMasterKey(systemRandom), signingSeed(newSigningKeyPair(systemRandom).secretKey)]), {
    mode: 0o600,
  });
const keys = readFileSync(keyFile);
const masterKey = new Uint8Array(keys.subarray(0, 32));
const signingKeyPair = signingKeyPairFromSeed(new Uint8Array(keys.subarray(32, 64)));
const primitives = nodePrimitives();
const store = await FilePackStore.open(join(state, 'store', 'packs'));
const vaultFolder = join(state, 'store', 'vault');
const options = { files: nodeFiles, folder: vaultFolder, store, primitives, masterKey, signingKeyPair };

if (verb === 'create') {
  const compressionLevel = readFileSync(join(state, 'compression'), 'utf8') === 'on' ? 1 : 0;
  await LocalVault.create({
    ...options,
    slots: [{ kind: 'passphrase', passphrase: 'measured', label: 'bench' }],
    parameters: { compressionLevel },
  });
} else if (verb === 'backup') {
  const vault = await LocalVault.open(options);
  // As a peer would: everything below the folder, nothing left out by default.
  const { snapshot } = await backup({ vault, folders: [folder], host: 'bench', user: 'bench', workers, defaultExcludes: false });
  if (snapshot.partial || snapshot.stats.errors > 0) throw new Error(`${snapshot.stats.errors} files could not be read`);
  report({ stored: snapshot.stats.newPackBytes, files: snapshot.stats.files, packs: snapshot.stats.newPacks });
} else if (verb === 'restore') {
  const { reader } = await openReader({
    primitives,
    masterKey,
    headerBytes: readFileSync(join(vaultFolder, 'header')),
    headBytes: readFileSync(join(vaultFolder, 'head')),
    sources: [store],
  });
  const done = await restore({
    reader,
    to: folder,
    conflict: 'fail',
    workers: Math.min(2, workers),
    durable,
    ...(path !== undefined && { paths: [path] }),
  });
  if (done.errorCount > 0) throw new Error(`${done.errorCount} files could not be restored: ${JSON.stringify(done.errors[0])}`);
  report({ files: done.files, packs: done.packsFetched, notes: done.notes });
} else throw new Error(`what is "${verb}"?`);

function report(facts: Readonly<Record<string, unknown>>): void {
  console.log(JSON.stringify(facts));
}
