import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { noise } from '@chainsafe/libp2p-noise';
import { withBitswap } from '@helia/bitswap';
import type { Helia } from '@helia/interface';
import type { HeliaWithLibp2p } from '@helia/libp2p';
import { withLibp2pLight } from '@helia/libp2p';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { identify } from '@libp2p/identify';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { MemoryBlockstore } from 'blockstore-core';
import { createHeliaLight } from 'helia';
import { CID } from 'multiformats/cid';
import { from as hasher } from 'multiformats/hashes/hasher';
import type { Roster } from '#libs/contracts';
import { cryptoReady } from '#libs/crypto';
import { deviceCertificate, nodePrimitives } from '#libs/crypto/node';
import { forEachConcurrent } from '#libs/kernel';
import { FilePackStore, startSwarm } from '#libs/swarm';
import { openRootBlock } from '#libs/vault';
import { median } from './measure.ts';
import { startHolder } from './transfer-facts.ts';
import type { Sample } from './transfer-sample.ts';
import { aBenchDevice, aBenchRoster, timed } from './transfer-sample.ts';

export interface TransferResult {
  readonly path: string;
  readonly megabytesPerSecond: number;
  /** Both sides together, all threads, kernel included. */
  readonly cpuSecondsPerGigabyte: number;
  /** Medians of the ratios within each round. */
  readonly ofRawTcp: number;
  readonly ofTls: number;
  readonly cpuOfTls: number;
}

const packCount = 16;
const packBytes = 32 * 1024 * 1024;
/** As the agent fetches: one syncs to the disk while the other fills the link. */
const packsAtOnce = 2;
/** Bitswap is slow enough to be measured with fewer. */
const bitswapPacks = 2;
const bitswapLeavesAtOnce = 8;

/**
 * Moves packs between two processes in every way there is, in turn, and as many bytes over plain TCP and TLS. `only`: the ways whose name matches, besides
 * those two.
 */
export async function measureTransfer(rounds: number, within: string = tmpdir(), only = /./): Promise<TransferResult[]> {
  await cryptoReady();
  mkdirSync(within, { recursive: true });
  const folder = mkdtempSync(join(within, 'holdfast-transfer-'));
  const [holder, receiver] = [aBenchDevice(0), aBenchDevice(1)];
  const roster = (version: number, addresses: string[]): Roster =>
    aBenchRoster(version, [{ ...holder.member, addresses }, receiver.member]);
  const { process: serving, facts: said } = startHolder({
    folder: join(folder, 'held'),
    seed: holder.seed,
    roster: roster(1, []),
    packCount,
    packBytes,
    uploadBytesPerSecond: null,
  });
  try {
    const facts = await said;
    const overSwarm = (fastLane: boolean) => async (): Promise<Sample> => {
      const into = join(folder, 'got');
      const store = await FilePackStore.open(into);
      const swarm = await startSwarm({ seed: receiver.seed, listen: [], stores: [store], fastLane, roster: roster(2, facts.addresses) });
      try {
        return await timed(async () => {
          await forEachConcurrent(facts.packs, packsAtOnce, async (packId, signal) => {
            await swarm.fetchPack(packId, packBytes, { from: [holder.member.deviceId], into: store, signal });
          });
          return packCount * packBytes;
        }, [serving.pid]);
      } finally {
        await swarm.stop();
        rmSync(into, { recursive: true, force: true });
      }
    };
    const overBitswap = async (): Promise<Sample> => {
      const helia = await aHelia(receiver.seed);
      try {
        // libp2p's addresses only; Helia has no fast lane.
        await helia.libp2p.dial(facts.addresses.filter((address) => !address.includes('/tls/')).map((address) => multiaddr(address)));
        return await timed(async () => {
          for (const packId of facts.packs.slice(0, bitswapPacks)) {
            const read = async (cid: CID): Promise<Uint8Array> => {
              const parts: Uint8Array[] = [];
              for await (const part of helia.blockstore.get(cid)) parts.push(part);
              return Buffer.concat(parts);
            };
            const root = openRootBlock(nodePrimitives(), packId, await read(CID.parse(packId)));
            const leaves = Array.from({ length: root.leafCount }, (_, leaf) => CID.decode(root.leafCid(leaf)));
            await forEachConcurrent(leaves, bitswapLeavesAtOnce, async (cid) => void (await read(cid)));
          }
          return bitswapPacks * packBytes;
        }, [serving.pid]);
      } finally {
        await helia.stop();
      }
    };
    const { certPem: cert, keyPem: key } = deviceCertificate(receiver.seed);
    const plain = (open: () => Socket) => (): Promise<Sample> => timed(() => drain(open()), [serving.pid]);
    const ways: Record<string, () => Promise<Sample>> = {
      'raw TCP, thrown away': plain(() => connect(facts.rawPort, '127.0.0.1')),
      'TLS 1.3 of Node.js, both sides proved, thrown away': plain(() =>
        connectTls({ port: facts.tlsPort, host: '127.0.0.1', cert, key, rejectUnauthorized: false }),
      ),
      'packs over the fast lane, verified, written and durable': overSwarm(true),
      'packs over libp2p (noise, yamux), verified, written and durable': overSwarm(false),
      'blocks of packs over Helia’s bitswap, verified, thrown away': overBitswap,
    };
    const wanted = Object.entries(ways).filter(([path], n) => n < 2 || only.test(path));
    const samples = new Map<string, Sample[]>(wanted.map(([path]) => [path, []]));
    for (let round = 0; round < rounds; round += 1) for (const [path, measure] of wanted) samples.get(path)!.push(await measure());
    const [raw, tls] = [...samples.values()] as [Sample[], Sample[]];
    return [...samples].map(([path, own]) => ({
      path,
      megabytesPerSecond: median(own.map((sample) => sample.megabytesPerSecond)),
      cpuSecondsPerGigabyte: median(own.map((sample) => sample.cpuSecondsPerGigabyte)),
      ofRawTcp: median(own.map((sample, n) => sample.megabytesPerSecond / raw[n]!.megabytesPerSecond)),
      ofTls: median(own.map((sample, n) => sample.megabytesPerSecond / tls[n]!.megabytesPerSecond)),
      cpuOfTls: median(own.map((sample, n) => sample.cpuSecondsPerGigabyte / tls[n]!.cpuSecondsPerGigabyte)),
    }));
  } finally {
    await serving.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Helia with a memory store and bitswap, as any other IPFS program would be let in; the key is a member's. */
async function aHelia(seed: Uint8Array): Promise<HeliaWithLibp2p & Helia> {
  const blake3 = hasher({ name: 'blake3', code: 0x1e, encode: (input) => Uint8Array.from(nodePrimitives().blake3(input)) });
  const node = withLibp2pLight(createHeliaLight({ hashers: [blake3], blockstore: new MemoryBlockstore() }), {
    privateKey: await generateKeyPairFromSeed('Ed25519', seed),
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify() },
  });
  return withBitswap(node as unknown as HeliaWithLibp2p & Helia).start();
}

function drain(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    socket.on('data', (part) => (bytes += part.length));
    socket.once('end', () => resolve(bytes));
    socket.once('error', reject);
  });
}
