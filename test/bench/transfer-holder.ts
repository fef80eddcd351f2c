/** The serving side of the transfer measurement: a swarm node with packs, and plain servers of as many bytes. Prints its facts as one JSON line. */
import { createCipheriv, randomBytes } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { cryptoReady } from '#libs/crypto';
import { deviceCertificate, nodePrimitives } from '#libs/crypto/node';
import type { PackId } from '#libs/kernel';
import { FilePackStore, startSwarm } from '#libs/swarm';
import { packDag } from '#libs/vault';
import type { HolderOptions } from './transfer-facts.ts';

const options = JSON.parse(process.argv[2]!) as Omit<HolderOptions, 'seed'> & { readonly seed: string };
const { folder, roster, packCount, packBytes, uploadBytesPerSecond } = options;
const seed = new Uint8Array(Buffer.from(options.seed, 'hex'));
await cryptoReady();
const store = await FilePackStore.open(folder);
const primitives = nodePrimitives();
const packs: PackId[] = [];
for (let n = 0; n < packCount; n += 1) {
  const bytes = bytesOf(n);
  const dag = packDag(primitives, bytes);
  await store.put({ packId: dag.packId, kind: 'data', bytes, rootBlock: dag.rootBlock });
  packs.push(dag.packId);
}
const swarm = await startSwarm({
  seed,
  listen: ['/ip4/127.0.0.1/tcp/0'],
  stores: [store],
  roster,
  rates: { uploadBytesPerSecond, downloadBytesPerSecond: null },
});

/** Nothing compresses it, and every holder has the same. */
function bytesOf(pack: number): Uint8Array {
  return new Uint8Array(createCipheriv('aes-128-ctr', Buffer.alloc(16, pack), Buffer.alloc(16)).update(Buffer.alloc(packBytes)));
}

/** The same number of bytes out of memory, a mebibyte at a time. */
const payload = randomBytes(1024 * 1024);
function pour(socket: Socket): void {
  let left = (packCount * packBytes) / payload.length;
  const send = (): void => {
    while (left > 0) {
      left -= 1;
      if (!socket.write(payload)) return void socket.once('drain', send);
    }
    socket.end();
  };
  socket.on('error', () => socket.destroy());
  send();
}
const raw = createServer(pour);
const { certPem, keyPem } = deviceCertificate(seed);
const tls = createTlsServer({ cert: certPem, key: keyPem, minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: false }, pour);
const listening = await Promise.all(
  [raw, tls].map(
    (server) => new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))),
  ),
);
console.log(JSON.stringify({ packs, addresses: swarm.addresses(), rawPort: listening[0], tlsPort: listening[1] }));
process.once('SIGTERM', () => void swarm.stop().then(() => process.exit(0)));
