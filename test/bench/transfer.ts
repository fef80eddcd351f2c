import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Roster, RosterMember } from '#libs/contracts';
import { cryptoReady, newBoxKeyPair, peerIdFromSigningKey, signingKeyPairFromSeed } from '#libs/crypto';
import type { DeviceId, PackId } from '#libs/kernel';
import { systemRandom, toBase64Url } from '#libs/kernel';
import { FilePackStore, startSwarm } from '#libs/swarm';
import { start } from '../support/processes.ts';
import { median } from './measure.ts';

export interface TransferResult {
  readonly path: string;
  readonly megabytesPerSecond: number;
  readonly ofRawTcp: number;
}

const packCount = 8;
const packBytes = 32 * 1024 * 1024;

/** Moves the same number of bytes as raw TCP and as packs through the swarm, in turn. */
export async function measureTransfer(rounds: number): Promise<TransferResult[]> {
  await cryptoReady();
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-transfer-'));
  const seeds = [randomBytes(32), randomBytes(32)];
  const ids = [randomUUID() as DeviceId, randomUUID() as DeviceId];
  const member = (n: number, addresses: string[]): RosterMember => {
    const keys = signingKeyPairFromSeed(new Uint8Array(seeds[n]!));
    return {
      deviceId: ids[n]!,
      peerId: peerIdFromSigningKey(keys.publicKey),
      name: `bench-${n}`,
      site: 'bench',
      class: 'workstation',
      state: 'active',
      signingKey: toBase64Url(keys.publicKey),
      boxKey: toBase64Url(newBoxKeyPair(systemRandom).publicKey),
      addresses,
    };
  };
  const roster = (version: number, addresses: string[]): Roster => ({
    teamId: randomUUID(),
    version,
    issuedAtMs: Date.now(),
    members: [member(0, addresses), member(1, [])],
  });
  const first = roster(1, []);
  const holder = start(join(import.meta.dirname, 'transfer-holder.ts'), [
    join(folder, 'held'),
    seeds[0]!.toString('hex'),
    JSON.stringify(first),
    String(packCount),
    String(packBytes),
  ]);
  try {
    const [line] = await holder.waitFor(/^\{.*\}$/m, 60_000);
    const facts = JSON.parse(line) as { packs: PackId[]; addresses: string[]; rawPort: number };
    const rates: { raw: number[]; swarm: number[] } = { raw: [], swarm: [] };
    for (let round = 0; round < rounds; round += 1) {
      rates.raw.push(await rate(() => receiveRaw(facts.rawPort)));
      const store = await FilePackStore.open(join(folder, `got-${round}`));
      const swarm = await startSwarm({
        seed: new Uint8Array(seeds[1]!),
        listen: [],
        stores: [store],
        roster: { ...first, version: 2, members: [member(0, facts.addresses), first.members[1]!] },
      });
      await swarm.ping(ids[0]!);
      rates.swarm.push(
        await rate(async () => {
          for (const packId of facts.packs) await swarm.fetchPack(packId, packBytes, { from: [ids[0]!], into: store });
        }),
      );
      await swarm.stop();
      rmSync(join(folder, `got-${round}`), { recursive: true, force: true });
    }
    const raw = median(rates.raw);
    const packs = median(rates.swarm);
    return [
      { path: 'raw TCP, thrown away', megabytesPerSecond: raw, ofRawTcp: 1 },
      { path: 'packs over libp2p (noise, yamux), verified and durable', megabytesPerSecond: packs, ofRawTcp: packs / raw },
    ];
  } finally {
    await holder.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function rate(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (packCount * packBytes) / 1e6 / ((performance.now() - started) / 1000);
}

function receiveRaw(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('data', () => undefined);
    socket.once('end', resolve);
    socket.once('error', reject);
  });
}
