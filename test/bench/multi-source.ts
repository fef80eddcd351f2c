import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cryptoReady } from '#libs/crypto';
import type { DeviceId } from '#libs/kernel';
import { forEachConcurrent } from '#libs/kernel';
import { FilePackStore, startSwarm } from '#libs/swarm';
import type { StartedProcess } from '../support/processes.ts';
import { median } from './measure.ts';
import type { HolderFacts } from './transfer-facts.ts';
import { startHolder } from './transfer-facts.ts';
import type { BenchDevice, Sample } from './transfer-sample.ts';
import { aBenchDevice, aBenchRoster, timed } from './transfer-sample.ts';

export interface MultiSourceResult {
  readonly sources: string;
  readonly megabytesPerSecond: number;
  readonly cpuSecondsPerGigabyte: number;
  /** Median of the ratios within each round to the quick holder alone. */
  readonly ofOneHolder: number;
}

const packCount = 8;
const packBytes = 32 * 1024 * 1024;
const packsAtOnce = 2;
/**
 * What each holder may send. Far below what two cores can move, or all that is measured is that holders share them; one second's worth of it goes at once at
 * the start, so it is small beside what is moved.
 */
const quickBytesPerSecond = 20_000_000;
const slowBytesPerSecond = 2_000_000;

interface Holder extends BenchDevice {
  readonly process: StartedProcess;
  readonly facts: HolderFacts;
}

/** Fetches packs over the fast lane from one holder and from three, one of which is slow or stands still, in turn. */
export async function measureMultiSource(rounds: number, within: string = tmpdir()): Promise<MultiSourceResult[]> {
  await cryptoReady();
  mkdirSync(within, { recursive: true });
  const folder = mkdtempSync(join(within, 'holdfast-multi-source-'));
  const receiver = aBenchDevice(0);
  const holders: Holder[] = [];
  try {
    for (const [n, uploadBytesPerSecond] of [quickBytesPerSecond, quickBytesPerSecond, slowBytesPerSecond].entries()) {
      const device = aBenchDevice(n + 1);
      const roster = aBenchRoster(1, [device.member, receiver.member]);
      const started = startHolder({
        folder: join(folder, `held-${n}`),
        seed: device.seed,
        roster,
        packCount,
        packBytes,
        uploadBytesPerSecond,
      });
      holders.push({ ...device, process: started.process, facts: await started.facts });
    }
    const [quick, second, slow] = holders as [Holder, Holder, Holder];
    const members = holders.map(({ member, facts }) => ({ ...member, addresses: facts.addresses }));
    const from = async (sources: readonly Holder[]): Promise<Sample> => {
      const into = join(folder, 'got');
      const store = await FilePackStore.open(into);
      const swarm = await startSwarm({
        seed: receiver.seed,
        listen: [],
        stores: [store],
        roster: aBenchRoster(2, [...members, receiver.member]),
      });
      const ids: DeviceId[] = sources.map(({ member }) => member.deviceId);
      try {
        return await timed(
          async () => {
            await forEachConcurrent(quick.facts.packs, packsAtOnce, async (packId, signal) => {
              await swarm.fetchPack(packId, packBytes, { from: ids, into: store, signal });
            });
            return packCount * packBytes;
          },
          sources.map((source) => source.process.pid),
        );
      } finally {
        await swarm.stop();
        rmSync(into, { recursive: true, force: true });
      }
    };
    const fromOneStopped = async (): Promise<Sample> => {
      slow.process.kill('SIGSTOP');
      try {
        return await from([slow, quick, second]);
      } finally {
        slow.process.kill('SIGCONT');
      }
    };
    const ways: Record<string, () => Promise<Sample>> = {
      'one holder': () => from([quick]),
      'three holders, the first of them slow': () => from([slow, quick, second]),
      'three holders, the first of them stopped (SIGSTOP)': fromOneStopped,
    };
    const samples = new Map<string, Sample[]>(Object.keys(ways).map((sources) => [sources, []]));
    for (let round = 0; round < rounds; round += 1)
      for (const [sources, measure] of Object.entries(ways)) samples.get(sources)!.push(await measure());
    const one = samples.get('one holder')!;
    return [...samples].map(([sources, own]) => ({
      sources,
      megabytesPerSecond: median(own.map((sample) => sample.megabytesPerSecond)),
      cpuSecondsPerGigabyte: median(own.map((sample) => sample.cpuSecondsPerGigabyte)),
      ofOneHolder: median(own.map((sample, n) => sample.megabytesPerSecond / one[n]!.megabytesPerSecond)),
    }));
  } finally {
    for (const { process } of holders) await process.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
