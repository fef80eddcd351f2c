/**
 * A device as a process of its own, for tests: `node --conditions=holdfast-source child.ts <n> <folder> [pack size]`.
 * Speaks JSON lines: prints `{address}`, takes `{roster}`, `{fetch}`, `{ping}`, `{connections}`, `{stop}`.
 * `LISTEN` says where it listens, `RELAY=1` makes it relay, `UPLOAD` limits its bytes a second.
 */
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { cryptoReady } from '#libs/crypto';
import { FilePackStore } from '../pack-store/file-pack-store.ts';
import { startSwarm } from '../swarm.ts';
import { aDevice, aPack } from './builders.ts';

const [n, folder, sizeText] = process.argv.slice(2) as [string, string, string | undefined];
const say = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

await cryptoReady();
const own = await FilePackStore.open(join(folder, n));
const pack = sizeText ? aPack(Number(sizeText), 1) : undefined;
if (pack) await own.put(pack);
const swarm = await startSwarm({
  seed: aDevice(Number(n)).seed,
  listen: (process.env['LISTEN'] ?? '/ip4/127.0.0.1/tcp/0').split(' '),
  relay: process.env['RELAY'] === '1',
  stores: [own],
  rates: { uploadBytesPerSecond: Number(process.env['UPLOAD'] ?? 0) || null, downloadBytesPerSecond: null },
});
say({ addresses: swarm.addresses(), packId: pack?.packId });
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  try {
    if (message.roster) await swarm.setRoster(message.roster);
    if (message.fetch) {
      const startedMs = Date.now();
      const { packId, sizeBytes, from } = message.fetch;
      const result = await swarm.fetchPack(packId, sizeBytes, { from, into: own, onProgress: ({ leavesDone }) => say({ leavesDone }) });
      say({ result, ms: Date.now() - startedMs, whole: (await own.verify(packId)).whole });
    } else if (message.connections)
      say({ connections: swarm.connections().map(({ peer, kind, direction }) => ({ name: peer.name, kind, direction })) });
    else if (message.ping) say({ pingMs: await swarm.ping(message.ping) });
    else if (message.memory) say({ rssBytes: process.memoryUsage().rss, cpu: process.cpuUsage() });
    else if (message.stop) break;
    else say({ ok: true });
  } catch (error) {
    say({ error: (error as { code?: string }).code ?? String(error), message: String(error) });
  }
}
await swarm.stop();
