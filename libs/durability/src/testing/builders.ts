/** Builders for the rules' tests. */
import type { DeviceState } from '#libs/contracts';
import type { DeviceId, PackId } from '#libs/kernel';
import type { Candidate, PackToPlace } from '../candidate.ts';
import type { Replica } from '../replicas.ts';

const hex = (n: number, length: number): string => n.toString(16).padStart(length, '0');
export const deviceNumber = (n: number): DeviceId => `00000000-0000-4000-8000-${hex(n, 12)}` as DeviceId;
export const packNumber = (n: number): PackId =>
  `b${Array.from(hex(n, 58), (digit) => 'abcdefghijklmnop'[Number.parseInt(digit, 16)]).join('')}` as PackId;

export const aCandidate = (n: number, more: Partial<Candidate> = {}): Candidate => ({
  deviceId: deviceNumber(n),
  machineId: `machine-${n}`,
  site: 'office',
  anchor: false,
  state: 'active',
  online: true,
  availableBytes: 1_000_000,
  presence: 1,
  auditScore: 1,
  ...more,
});

export const aReplica = (n: number, state: DeviceState = 'active', more: Partial<Replica> = {}): Replica => ({
  deviceId: deviceNumber(n),
  machineId: `machine-${n}`,
  site: 'office',
  anchor: false,
  state,
  status: 'held',
  ...more,
});

export const aPack = (n: number, more: Partial<PackToPlace> = {}): PackToPlace => ({
  packId: packNumber(n),
  kind: 'data',
  sizeBytes: 1000,
  owner: { deviceId: deviceNumber(0), machineId: 'machine-0', site: 'office' },
  replicas: [],
  ...more,
});
