import { systemClock, type PackId } from '#libs/kernel';
import { PackBitmap, type PackInfo, type Snapshot } from '#libs/vault';
import { EngineError, throwIfInterrupted } from '../errors.ts';
import type { LocalVault } from '../local-vault/local-vault.ts';
import type { VaultChange } from '../local-vault/local-vault-types.ts';
import { type OnProgress, type Phase, ProgressReporter } from '../progress.ts';
import { indexUse } from './index-use.ts';
import { UsedChunks } from './mark-used.ts';
import { mergeIndexPacks } from './merge-index.ts';
import { type PackUse, planPrune, type PrunePlan } from './plan-prune.ts';
import { defaultPruneRules, type PruneRules } from './prune-rules.ts';
import { rewritePacks, type RewriteResult } from './rewrite-packs.ts';

export interface PruneOptions {
  readonly vault: LocalVault;
  readonly rules?: Partial<PruneRules>;
  /** Say what would be done. */
  readonly dryRun?: boolean;
  /** Whether a pack is on enough other machines: what retires waits for all that are not. Default: none is. */
  readonly isProtected?: (packId: PackId) => boolean;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

export interface PruneReport {
  readonly plan: PrunePlan;
  /** Needed by snapshots and in no pack that the index knows: for `check` to look at. */
  readonly missingChunks: number;
  readonly newPacks: readonly PackInfo[];
  /** No head counts them any more; see `releaseRetired`. */
  readonly retired: readonly PackInfo[];
  readonly retiredBytes: number;
  readonly newBytes: number;
  readonly failed: RewriteResult['failed'];
  /** Packs that a snapshot made meanwhile needs after all. */
  readonly keptForNewer: number;
}

/**
 * Takes out of the vault what no snapshot needs: packs without any needed chunk retire, partly needed ones are copied and retire,
 * small index packs are merged. Plan first, then execution.
 *
 * Backups may run all the while: only the last step waits until none does, then looks at the snapshots that came meanwhile and keeps what
 * they need. Killed anywhere it leaves a vault in which every snapshot restores, and the next run uses what was copied. Nothing is
 * deleted here: retired packs stay until `releaseRetired` may let them go. Throws `prune_impossible` when a tree can't be read, `disk_full`,
 * `vault_changed`, `interrupted`.
 */
export async function prune(options: PruneOptions): Promise<PruneReport> {
  const { vault, signal } = options;
  const progress = new ProgressReporter(options.onProgress, vault.options.clock ?? systemClock);
  const marked = { snapshots: 0, trees: 0 };
  const copied = { bytesDone: 0, bytesTotal: undefined as number | undefined };
  const report = (phase: Phase, current?: string): void =>
    progress.update(phase, () => ({ filesDone: marked.trees, filesTotal: undefined, ...copied, current, errors: 0 }));
  const used = new UsedChunks({
    signal,
    onTree: () => {
      marked.trees += 1;
      report('plan', `snapshot ${marked.snapshots}`);
    },
  });
  const known = new Set<number>();
  await markNew(vault, used, known, marked);
  // Copies that a run made before it was killed are used, not made again. A session under way has noted already where it finds its chunks.
  if (!options.dryRun && vault.sessions.isFree) vault.preferUncommitted();
  const plan = await planFor(vault, used, { ...defaultPruneRules, ...options.rules }, signal);
  const nothing = { newPacks: [], retired: [], retiredBytes: 0, newBytes: 0, failed: [], keptForNewer: 0 };
  const missingChunks = used.missing;
  if (options.dryRun || plan.release.length + plan.rewrite.length + plan.mergeIndex.length === 0)
    return { plan, missingChunks, ...nothing };

  copied.bytesTotal = plan.rewriteBytes;
  const rewrite = await rewritePacks(vault, await vault.openReader(), used, plan.rewrite, {
    signal,
    onChunk: (bytes) => {
      copied.bytesDone += bytes;
      report('transfer');
    },
  });
  throwIfInterrupted(signal);
  report('commit');
  return vault.sessions.alone(async () => {
    await markNew(vault, used, known, marked);
    vault.preferUncommitted();
    const candidates = [...plan.release, ...rewrite.rewritten];
    const { change, indexPacks } = await changeFor(vault, used, candidates, plan, rewrite, signal);
    const written =
      (change.retire ?? []).length > 0 || change.include.size > 0
        ? await vault.change({ ...change, ...(options.isProtected && { isProtected: options.isProtected }) })
        : [];
    const retired = (change.retire ?? []).map(({ pack }) => pack);
    const newPacks = [...rewrite.newPacks, ...written];
    return {
      plan,
      missingChunks: used.missing,
      newPacks,
      retired,
      retiredBytes: bytesOf(retired),
      newBytes: bytesOf(newPacks),
      failed: rewrite.failed,
      keptForNewer: candidates.length - (retired.length - indexPacks),
    };
  }, signal);
}

/** Marks the snapshots that are not marked yet. */
async function markNew(vault: LocalVault, used: UsedChunks, known: Set<number>, marked: { snapshots: number }): Promise<void> {
  const fresh = vault.head.snapshots.filter(({ sequence }) => !known.has(sequence));
  if (fresh.length === 0) return;
  const { reader } = await vault.openReader();
  for (const { sequence } of fresh) {
    marked.snapshots = sequence;
    let snapshot: Snapshot;
    try {
      snapshot = await reader.snapshot(sequence);
    } catch (cause) {
      throw new EngineError('prune_impossible', `snapshot ${sequence} can't be read`, {
        cause,
        nextStep: 'Run "holdfast check"; then prune again. Nothing was removed.',
      });
    }
    await used.addSnapshot(reader, snapshot);
    known.add(sequence);
  }
}

/** Sealed bytes of needed chunks by the pack in which the index finds them. */
function usedBytesByPack(vault: LocalVault, used: UsedChunks): Map<number, number> {
  const bytes = new Map<number, number>();
  for (const id of used.ids()) {
    const location = vault.index.lookup(id);
    if (location) bytes.set(location.ordinal, (bytes.get(location.ordinal) ?? 0) + location.sealedLength);
  }
  return bytes;
}

async function planFor(vault: LocalVault, used: UsedChunks, rules: PruneRules, signal: AbortSignal | undefined): Promise<PrunePlan> {
  const { head, header } = vault;
  const named = new Set(head.indexPacks.map(({ ordinal }) => ordinal));
  const usedBytes = usedBytesByPack(vault, used);
  const packs: PackUse[] = vault
    .allPacks()
    // What an unfinished session stored is for the next one to use.
    .filter(({ ordinal }) => !named.has(ordinal) && !vault.isUncommitted(ordinal))
    .map((pack) => ({ pack, usedBytes: usedBytes.get(pack.ordinal) ?? 0 }));
  const { dataPackBytes, metaPackBytes } = header.parameters;
  return planPrune({
    packs,
    indexPacks: await indexUse(head, vault.packs, await vault.openReader(), signal),
    targetBytes: { data: dataPackBytes, meta: metaPackBytes },
    epoch: header.epoch,
    rules,
  });
}

/** Runs alone: what it finds stays true until the head is written. */
async function changeFor(
  vault: LocalVault,
  used: UsedChunks,
  candidates: readonly PackInfo[],
  plan: PrunePlan,
  rewrite: RewriteResult,
  signal: AbortSignal | undefined,
): Promise<{ readonly change: VaultChange; readonly indexPacks: number }> {
  const { head } = vault;
  const usedBytes = usedBytesByPack(vault, used);
  const retire: { pack: PackInfo; reason: 'unneeded' | 'rewritten' | 'merged' }[] = [];
  const rewritten = new Set(rewrite.rewritten.map(({ ordinal }) => ordinal));
  for (const pack of candidates)
    // Another prune may have come first.
    if (!usedBytes.has(pack.ordinal) && vault.packs.get(pack.ordinal))
      retire.push({ pack, reason: rewritten.has(pack.ordinal) ? 'rewritten' : 'unneeded' });
  // Also what an earlier run, killed before its commit, has copied.
  const include = new Set([...usedBytes.keys()].filter((ordinal) => vault.isUncommitted(ordinal)));

  const opened = await vault.openReader();
  const mergeIndex = plan.mergeIndex.filter(({ pack }) => vault.packs.get(pack.ordinal));
  const merge = new Set(mergeIndex.map(({ pack }) => pack.ordinal));
  const gone = new PackBitmap();
  for (const ordinal of head.dead?.ordinals() ?? []) gone.set(ordinal);
  for (const { pack } of retire) gone.set(pack.ordinal);
  const merged = merge.size > 0 ? await mergeIndexPacks(vault, opened, merge, gone) : { fragments: [], records: [] };
  for (const { pack } of mergeIndex) retire.push({ pack, reason: 'merged' });
  const dead = new PackBitmap();
  for (const { pack, describes } of await indexUse(head, vault.packs, opened, signal))
    if (!merge.has(pack.ordinal)) for (const ordinal of describes) if (gone.has(ordinal)) dead.set(ordinal);
  return { change: { include, ...merged, mergedIndexPacks: merge, dead, retire }, indexPacks: merge.size };
}

const bytesOf = (packs: readonly PackInfo[]): number => packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
