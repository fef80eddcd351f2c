import { cpus } from 'node:os';
import type { ConflictRule } from '#libs/contracts';
import type { Progress, RestoreReport } from '#libs/engine';
import type { DeviceId, PackId } from '#libs/kernel';
import { isServedHere } from '#libs/kernel/served-here';
import { AgentError } from '../errors.ts';
import type { FetchTally } from '../network/holder-sources.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { printable } from '../output/format.ts';
import type { OpenedVault } from '../reading/open-vault.ts';
import { damagedHere, repairOwnPacks } from '../reading/repair-own-packs.ts';
import { chosenSnapshot } from '../snapshots/chosen-snapshot.ts';
import { includedPaths } from './included-paths.ts';

export interface RestoreRequest {
  readonly snapshot: number | 'latest';
  /** Inside the snapshot; none: everything. */
  readonly paths: readonly (string | Buffer)[];
  /** Gitignore patterns; none: everything below `paths`. */
  readonly include: readonly string[];
  /** Absolute folder; undefined: the original places. */
  readonly to: string | undefined;
  readonly conflict: ConflictRule;
  readonly dryRun: boolean;
  readonly verify: boolean;
  /** Default true: restored files are on the disk for good before success is reported. */
  readonly durable?: boolean;
  readonly ignoreFreeSpace?: boolean;
  /** See `RestoreOptions`. */
  readonly withoutPowers?: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** Threads that open chunks and write files; more wait for the disk and the network. Some 30 MB each. */
const maxWriters = 2;
/** Packs that came over the network, in the report; the counts are of all. */
const maxPacksListed = 1_000;

export interface FetchSummary {
  /** Packs of which anything came from a holder, and the bytes (whole leaves of 1 MiB) that came. */
  readonly packs: number;
  readonly bytes: number;
  readonly byHolder: readonly { readonly deviceId: DeviceId; readonly name: string; readonly packs: number; readonly bytes: number }[];
  /** At most 1,000. */
  readonly list: readonly { readonly packId: PackId; readonly bytes: number; readonly from: readonly string[] }[];
}

export interface RestoreOutcome {
  readonly report: RestoreReport;
  readonly fetched: FetchSummary;
  /** Packs of the own store that were damaged or missing and came back from a holder. */
  readonly repairedPacks: readonly PackId[];
  /** Blocks that were wrong somewhere, with the source's name in plain words. */
  readonly badBlocks: readonly { readonly packId: PackId; readonly leaf: number; readonly source: string; readonly reason: string }[];
}

/** Restores from an open vault; says which packs came from whom; heals the own store where it was damaged. */
export async function runRestore(agent: AgentRuntime, vault: OpenedVault, request: RestoreRequest): Promise<RestoreOutcome> {
  const { restore } = await import('#libs/engine');
  const { reader, rejected, tally } = vault;
  if (request.to !== undefined && isServedHere(request.to))
    throw new AgentError('bad_argument', `${printable(request.to)} shows the snapshots themselves and can't be written to`, {
      nextStep: 'Name another folder.',
    });
  const snapshot = await chosenSnapshot(reader, request.snapshot, request.paths, request.signal);
  const paths =
    request.include.length === 0 ? request.paths : await includedPaths(reader, snapshot, request.paths, request.include, request.signal);
  const report = await restore({
    reader,
    snapshot: snapshot.sequence,
    paths,
    ...(request.to === undefined ? {} : { to: request.to }),
    conflict: request.conflict,
    dryRun: request.dryRun,
    verify: request.verify,
    durable: request.durable !== false,
    ignoreFreeSpace: request.ignoreFreeSpace === true,
    withoutPowers: request.withoutPowers === true,
    workers: Math.min(maxWriters, cpus().length),
    rejected,
    clock: agent.clock,
    signal: request.signal,
    onProgress: request.onProgress,
  });
  const isOwn = vault.documents.vaultId === agent.document.vaultId;
  const damaged = new Map<PackId, number>();
  if (isOwn && !request.dryRun) for (const packId of damagedHere(rejected)) damaged.set(packId, sizeOf(vault, packId));
  const repairedPacks = await repairOwnPacks(agent, damaged, request.signal);
  const bad = rejected.filter((r) => r.code === 'block_corrupt');
  return {
    report,
    fetched: summaryOf(agent, tally.packs),
    repairedPacks,
    badBlocks: await Promise.all(
      bad
        .slice(0, 1000)
        .map(async ({ packId, leaf, source, reason }) => ({ packId, leaf, source: await agent.holders.nameOf(source, packId), reason })),
    ),
  };
}

function summaryOf(agent: AgentRuntime, packs: FetchTally['packs']): FetchSummary {
  const name = (id: DeviceId): string => agent.roster.member(id)?.name ?? id;
  const byHolder = new Map<DeviceId, { packs: number; bytes: number }>();
  const list: { packId: PackId; bytes: number; from: string[] }[] = [];
  let bytes = 0;
  for (const [packId, devices] of packs) {
    const sum = [...devices.values()].reduce((a, b) => a + b, 0);
    bytes += sum;
    if (list.length < maxPacksListed) list.push({ packId, bytes: sum, from: [...devices.keys()].map(name) });
    for (const [deviceId, got] of devices) {
      const holder = byHolder.get(deviceId) ?? { packs: 0, bytes: 0 };
      byHolder.set(deviceId, { packs: holder.packs + 1, bytes: holder.bytes + got });
    }
  }
  return {
    packs: packs.size,
    bytes,
    byHolder: [...byHolder].map(([deviceId, sums]) => ({ deviceId, name: name(deviceId), ...sums })),
    list,
  };
}

function sizeOf({ reader }: OpenedVault, packId: PackId): number {
  const ordinal = reader.packs.ordinalOf(packId);
  return (ordinal === undefined ? undefined : reader.packs.get(ordinal)?.sizeBytes) ?? 0;
}
