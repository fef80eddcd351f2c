/**
 * Engine: a device's backup, restore and check as pipelines over the vault format, and the platform port behind which
 * everything that differs between operating systems stands. Node only.
 *
 * Main path: {@link LocalVault} (state of the owner's vault) → {@link backup} → {@link restore}; {@link check} and
 * {@link compareTrees} prove it. Not here: the format (`#libs/vault`), where packs go (`#libs/swarm`), when (the agent).
 */
export * from './backup/backup.ts';
export * from './backup/backup-types.ts';
export type { PipedFile } from './backup/piped-file.ts';
export { check } from './check/check.ts';
export * from './check/check-types.ts';
export * from './check/verified-times.ts';
export { compareTrees } from './compare/compare-trees.ts';
export * from './compare/compare-types.ts';
export * from './diff/diff-snapshots.ts';
export type { ChangeKind } from './diff/entry-change.ts';
export * from './dump/dump-tar.ts';
export * from './errors.ts';
export { FarReaders, type LookedAt } from './far/far-readers.ts';
export * from './find/find-versions.ts';
export * from './forget/forget.ts';
export * from './local-vault/local-vault.ts';
export * from './local-vault/local-vault-types.ts';
export { type LostPack, LostPacks } from './local-vault/lost-packs.ts';
export { recordStats } from './local-vault/record-stats.ts';
export { type RetiredPack, RetiredPacks } from './local-vault/retired-packs.ts';
export { mountSnapshots, type SnapshotMount } from './mount/fuse/mount-snapshots.ts';
export { unmountFuse } from './mount/fuse/fuse-channel.ts';
export { SnapshotShelf } from './mount/snapshot-shelf.ts';
export * from './mount/webdav-server.ts';
export * from './open-reader.ts';
export { currentPlatform, displayPath } from './platform/index.ts';
export { freeMemoryTrim } from './platform/free-memory.ts';
export { currentMachineCosts, type MachineCosts, type PowerFacts } from './platform/power.ts';
export type * from './platform/platform.ts';
export * from './progress.ts';
export { type PlannedRewrite, planPrune, type PrunePlan } from './prune/plan-prune.ts';
export { defaultPruneRules, type PruneRules } from './prune/prune-rules.ts';
export * from './prune/prune.ts';
export * from './prune/release-retired.ts';
export * from './prune/retained-snapshots.ts';
export type { LostEntry } from './repair/lost-entries.ts';
export * from './repair/repair-index.ts';
export * from './repair/repair-snapshots.ts';
export * from './repair/repair-types.ts';
export * from './restore/restore.ts';
export * from './restore/restore-types.ts';
export { matchableName } from './scan/exclude-rules.ts';
export { FolderScanner } from './scan/scan-folder.ts';
export type { ScanOptions } from './scan/scan-folder.ts';
