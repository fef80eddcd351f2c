import { isAppError, type PackId, systemClock } from '#libs/kernel';
import { encodeFragments, type HeadSnapshot, openPackDirectory, PackBitmap, type PackInfo } from '#libs/vault';
import { readWholePack } from '../check/read-whole-pack.ts';
import { EngineError, throwIfInterrupted } from '../errors.ts';
import type { LocalVault } from '../local-vault/local-vault.ts';
import type { RetiredPack } from '../local-vault/retired-packs.ts';
import type { OpenedVault } from '../open-reader.ts';
import { ProgressReporter } from '../progress.ts';
import { mergedFragmentEntries } from '../prune/prune-rules.ts';
import { chunksOfDamaged, chunksOfUnnamed, sameInRetired } from './chunk-sources.ts';
import { copyReadable } from './copy-readable.ts';
import { examinePacks, type ExaminedPacks } from './examine-packs.ts';
import { readableRecord, standInRecord } from './readable-records.ts';
import type { RepairIndexOptions, RepairIndexReport } from './repair-types.ts';

/**
 * Makes the index say what is really there. Packs that no source has whole leave it, so that their chunks count as known no longer and the next
 * backup stores them again; what can still be read of them, or of retired packs with the same in them, is copied. Lost
 * index packs are replaced by what the other packs say of themselves; snapshots whose record is in no source leave the head if they may (`forgetLost`), all others stay.
 *
 * Nothing is deleted and nothing is released: a pack that is lost here may be on a machine that is away, and comes back into the index by a later
 * repair. Waits until no backup runs, and keeps new ones waiting. Killed anywhere it leaves the vault as it was or repaired, and the next
 * run uses what was copied. Throws `vault_state_corrupt` when no pack at all can be read, `repair_impossible` for snapshots that it may not give up,
 * `disk_full`, `vault_changed`, `interrupted`.
 */
export async function repairIndex(options: RepairIndexOptions): Promise<RepairIndexReport> {
  return options.vault.sessions.alone(() => repairAlone(options), options.signal);
}

async function repairAlone({
  vault,
  readData = false,
  dryRun = false,
  forgetLost = false,
  onProgress,
  signal,
}: RepairIndexOptions): Promise<RepairIndexReport> {
  const progress = new ProgressReporter(onProgress, vault.options.clock ?? systemClock);
  let seen = 0;
  const onPack = (current: string): void => {
    seen += 1;
    const total = { filesTotal: undefined, bytesDone: 0, bytesTotal: undefined };
    progress.update('check', () => ({ filesDone: seen, ...total, current, errors: 0 }));
  };
  // Copies that a run made before it was killed are used, not made again.
  if (!dryRun) vault.preferUncommitted();
  const opened = await vault.openReader();
  // Before anything is changed, in memory too: a lost pack comes back with its holder, a snapshot that left the head does not.
  const lostBefore = dryRun ? [] : await lostRecords(vault, opened, signal);
  if (!forgetLost && lostBefore.length > 0) await refuseToForget(vault, opened, lostBefore, signal);
  const examined = await examinePacks(vault, opened, { readData, signal, onPack });
  const records = await sortRecords(vault, opened, examined, signal);
  // That may have taken hours. Whose record could be read before is not lost, and nobody has given it up: a holder went away.
  const since = vault.head.snapshots.filter(
    (one) => records.lost.includes(one.sequence) && !lostBefore.some(({ sequence }) => sequence === one.sequence),
  );
  if (!dryRun && since.length > 0) throw notToForget(vault, since);
  const adopted = await adoptReturned(vault, opened, { dryRun, signal });
  const lostIndex = new Set([...examined.damaged.values()].filter(({ kind }) => kind === 'index').map(({ ordinal }) => ordinal));
  const sources = chunksOfDamaged(vault, examined);
  sources.push(...(await sameInRetired(vault, opened, sources, signal)));
  if (lostIndex.size > 0) sources.push(...(await chunksOfUnnamed(vault, opened, examined, signal)));
  const { newPacks, copied, lost } = await copyReadable(vault, opened, sources, { dryRun, signal });

  const damaged = [...examined.damaged.values()];
  const uncommitted = vault.allPacks().filter(({ ordinal }) => vault.isUncommitted(ordinal) && !examined.damaged.has(ordinal));
  const changed = damaged.length + examined.undescribed.length + adopted.length + newPacks.length + records.lost.length > 0;
  const newestLost = records.lost.includes(vault.head.snapshots.at(-1)?.sequence ?? 0);
  const standIn = newestLost ? await standInRecord(vault, opened, records.readable.at(-1)) : undefined;
  const own = vault.options.store.name;
  const wrongHere = new Set(opened.rejected.filter(({ source }) => source === own).map(({ packId }) => packId));
  const report: RepairIndexReport = {
    packs: examined.packs,
    damaged,
    elsewhere: vault.allPacks().filter(({ packId, ordinal }) => wrongHere.has(packId) && !examined.damaged.has(ordinal)),
    adopted,
    reindexed: examined.undescribed.length,
    copiedChunks: copied,
    lostChunks: lost,
    lostSnapshots: records.lost,
    standIn: standIn?.sequence,
    newPacks,
    changed,
  };
  if (!changed || dryRun) return report;

  vault.preferUncommitted();
  const written = await vault.change({
    include: new Set(uncommitted.map(({ ordinal }) => ordinal)),
    fragments: fragmentsOf(examined),
    records: [...records.moved, ...(standIn ? [standIn] : [])],
    mergedIndexPacks: lostIndex,
    dead: deadAfter(vault, examined),
    forget: new Set(records.lost),
    lose: damaged,
  });
  // Only now, and into the index that the change left.
  for (const { id, ordinal, offset, sealedLength, plainLength } of examined.found.entries())
    vault.index.insert(id, ordinal, offset, sealedLength, plainLength);
  // Where something is lost, a retired pack may be all that still has it, at a machine that is away: it waits on.
  if (lost === 0 && damaged.length > 0) await waitForOthers(vault, new Set(damaged.map(({ packId }) => packId)), [...newPacks, ...written]);
  return { ...report, newPacks: [...newPacks, ...written] };
}

/** What waits until these damaged packs are on other machines, which they never will be, waits for the new ones instead. */
async function waitForOthers(vault: LocalVault, damaged: ReadonlySet<PackId>, newPacks: readonly PackInfo[]): Promise<void> {
  const isWaiting = ({ waitsFor }: RetiredPack): boolean => waitsFor.some((packId) => damaged.has(packId));
  if (!(await vault.retiredPacks()).some(isWaiting)) return;
  const instead = (waitsFor: readonly PackId[]): PackId[] => [
    ...waitsFor.filter((packId) => !damaged.has(packId)),
    ...newPacks.map(({ packId }) => packId),
  ];
  await vault.updateRetired((packs) => packs.map((one) => (isWaiting(one) ? { ...one, waitsFor: instead(one.waitsFor) } : one)));
}

async function lostRecords(vault: LocalVault, opened: OpenedVault, signal: AbortSignal | undefined): Promise<HeadSnapshot[]> {
  const lost: HeadSnapshot[] = [];
  for (const snapshot of vault.head.snapshots) if (!(await readableRecord(vault, opened, snapshot, signal))) lost.push(snapshot);
  return lost;
}

async function refuseToForget(
  vault: LocalVault,
  opened: OpenedVault,
  lost: readonly HeadSnapshot[],
  signal: AbortSignal | undefined,
): Promise<never> {
  // Throws when the whole disk with packs is away, which has another next step.
  if (lost.length === vault.head.snapshots.length) await examinePacks(vault, opened, { readData: false, signal, onPack: () => undefined });
  throw notToForget(vault, lost);
}

function notToForget(vault: LocalVault, lost: readonly HeadSnapshot[]): EngineError {
  const packIds = [...new Set(lost.map(({ pack }) => vault.head.indexPacks[pack]!.packId))];
  const numbers = lost.map(({ sequence }) => sequence).join(', ');
  return new EngineError(
    'repair_impossible',
    `the ${lost.length === 1 ? 'record of snapshot' : 'records of snapshots'} ${numbers} can't be read here or at any holder that is online`,
    {
      status: 'temporary',
      context: { packId: packIds[0], packs: packIds.length },
      nextStep:
        'Run it again when the machines that hold copies are online. If none of them will ever be: --forget-lost-snapshots gives these up for good. Nothing was changed.',
    },
  );
}

/** Records in index packs that are lost: those that can still be read move to a new one. */
async function sortRecords(
  vault: LocalVault,
  opened: OpenedVault,
  { damaged }: ExaminedPacks,
  signal: AbortSignal | undefined,
): Promise<{
  readonly moved: { readonly sequence: number; readonly plaintext: Uint8Array }[];
  readonly lost: number[];
  readonly readable: HeadSnapshot[];
}> {
  const moved = [];
  const lost = [];
  const readable = [];
  for (const snapshot of vault.head.snapshots) {
    const plaintext = await readableRecord(vault, opened, snapshot, signal);
    if (!plaintext) lost.push(snapshot.sequence);
    else readable.push(snapshot);
    if (plaintext && damaged.has(vault.head.indexPacks[snapshot.pack]!.ordinal)) moved.push({ sequence: snapshot.sequence, plaintext });
  }
  return { moved, lost, readable };
}

/**
 * Packs that an earlier repair gave up and that are in the own store again, read to the last byte; where a block is wrong there, from another
 * source.
 */
async function adoptReturned(
  vault: LocalVault,
  { blocks, opener }: OpenedVault,
  options: { readonly dryRun: boolean; readonly signal: AbortSignal | undefined },
): Promise<PackInfo[]> {
  const read = options.signal ? { signal: options.signal } : {};
  const adopted: PackInfo[] = [];
  for (const { packId, ordinal, sizeBytes } of await vault.lostPacks()) {
    if ((await vault.options.store.size(packId)) !== sizeBytes) continue;
    try {
      const { kind, epoch, noncePrefix, directory } = await openPackDirectory(opener, blocks, packId, read);
      const pack = { packId, ordinal, sizeBytes, kind, epoch, noncePrefix };
      if (kind === 'index' || (await readWholePack(pack, blocks, opener, read)).length > 0) continue;
      if (!options.dryRun) await vault.adopt(pack, directory);
      adopted.push(pack);
    } catch (error) {
      throwIfInterrupted(options.signal);
      if (!isAppError(error) || error.code === 'disk_full') throw error;
    }
  }
  return adopted;
}

/** New fragments of packs that only lost index packs described. */
const fragmentsOf = ({ undescribed, found }: ExaminedPacks): Uint8Array[] =>
  undescribed.length === 0 ? [] : encodeFragments(undescribed, found.entries(), mergedFragmentEntries);

/** What the index packs that stay describe and that lives no more. What was adopted lives again. */
function deadAfter(vault: LocalVault, { damaged, described }: ExaminedPacks): PackBitmap {
  const dead = new PackBitmap();
  for (const ordinal of described)
    if (damaged.has(ordinal) || (vault.head.dead?.has(ordinal) && !vault.packs.get(ordinal))) dead.set(ordinal);
  return dead;
}
