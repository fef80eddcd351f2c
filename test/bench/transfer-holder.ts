/** The serving side of the transfer measurement: a swarm node with packs, and a raw TCP server with the same bytes. Prints its facts as one JSON line. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { cryptoReady } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import type { Roster } from '#libs/contracts';
import type { PackId } from '#libs/kernel';
import { FilePackStore, startSwarm } from '#libs/swarm';
import { packDag } from '#libs/vault';

const [folder, seed, rosterJson, count, size] = process.argv.slice(2) as [string, string, string, string, string];
await cryptoReady();
const store = await FilePackStore.open(folder);
const primitives = nodePrimitives();
const packs: PackId[] = [];
for (let n = 0; n < Number(count); n += 1) {
  const bytes = new Uint8Array(randomBytes(Number(size)));
  const dag = packDag(primitives, bytes);
  await store.put({ packId: dag.packId, kind: 'data', bytes, rootBlock: dag.rootBlock });
  packs.push(dag.packId);
}
const swarm = await startSwarm({
  seed: Buffer.from(seed, 'hex'),
  listen: ['/ip4/127.0.0.1/tcp/0'],
  stores: [store],
  roster: JSON.parse(rosterJson) as Roster,
});
const payload = randomBytes(Number(size));
const raw = createServer((socket) => {
  let left = Number(count);
  const send = (): void => {
    while (left > 0) {
      left -= 1;
      if (!socket.write(payload)) return void socket.once('drain', send);
    }
    socket.end();
  };
  socket.on('error', () => socket.destroy());
  send();
});
raw.listen(0, '127.0.0.1', () => {
  const address = raw.address();
  console.log(JSON.stringify({ packs, addresses: swarm.addresses(), rawPort: typeof address === 'object' && address ? address.port : 0 }));
});
process.once('SIGTERM', () => void swarm.stop().then(() => process.exit(0)));
