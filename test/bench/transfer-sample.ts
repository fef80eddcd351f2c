import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Roster, RosterMember } from '#libs/contracts';
import { newBoxKeyPair, peerIdFromSigningKey, signingKeyPairFromSeed } from '#libs/crypto';
import type { DeviceId } from '#libs/kernel';
import { systemRandom, toBase64Url } from '#libs/kernel';

/** One run of one way to move bytes. */
export interface Sample {
  readonly megabytesPerSecond: number;
  /** All sides together, all threads, kernel included. */
  readonly cpuSecondsPerGigabyte: number;
}

/** Ticks of /proc/<pid>/stat. */
const ticksPerSecond = 100;

/** `work` says how many bytes it moved between this process and the others. */
export async function timed(work: () => Promise<number>, otherPids: readonly number[]): Promise<Sample> {
  const cpuSeconds = (): number => otherPids.reduce((sum, pid) => sum + cpuSecondsOf(pid), ownCpuSeconds());
  const cpuBefore = cpuSeconds();
  const started = performance.now();
  const bytes = await work();
  const seconds = (performance.now() - started) / 1000;
  return { megabytesPerSecond: bytes / 1e6 / seconds, cpuSecondsPerGigabyte: (cpuSeconds() - cpuBefore) / (bytes / 1e9) };
}

function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** User and system time of a live process, all threads (proc(5): fields 14 and 15). */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export interface BenchDevice {
  readonly seed: Uint8Array;
  readonly member: RosterMember;
}

export function aBenchDevice(n: number): BenchDevice {
  const seed = new Uint8Array(randomBytes(32));
  const keys = signingKeyPairFromSeed(seed);
  const member: RosterMember = {
    deviceId: randomUUID() as DeviceId,
    peerId: peerIdFromSigningKey(keys.publicKey),
    name: `bench-${n}`,
    site: 'bench',
    class: 'workstation',
    state: 'active',
    signingKey: toBase64Url(keys.publicKey),
    boxKey: toBase64Url(newBoxKeyPair(systemRandom).publicKey),
    addresses: [],
  };
  return { seed, member };
}

export const aBenchRoster = (version: number, members: readonly RosterMember[]): Roster => ({
  teamId: '11111111-1111-4111-8111-111111111111',
  version,
  issuedAtMs: Date.now(),
  members: [...members],
});
