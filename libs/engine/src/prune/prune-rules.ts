/** When a pack is worth rewriting, and how much of that one run may do. */
export interface PruneRules {
  /** Share of a data pack that no snapshot needs, 0 to 1. */
  readonly dataUnusedShare: number;
  readonly metaUnusedShare: number;
  /** Packs below this share of the target size are put together, once there are enough. */
  readonly smallPackShare: number;
  readonly smallPacks: number;
  /** Bytes copied in one run: the larger of these two. At least one pack is always rewritten. */
  readonly maxRewriteShare: number;
  readonly maxRewriteBytes: number;
  /** Index packs with fewer entries are merged, once there are enough. */
  readonly smallIndexEntries: number;
  readonly smallIndexPacks: number;
  /** Share of an index pack's entries that lead to dead packs. */
  readonly indexDeadShare: number;
  /** Entries merged in one run. */
  readonly maxMergedEntries: number;
}

export const defaultPruneRules: PruneRules = {
  // Every byte that is copied travels to three holders again: at half, a pack frees as much as it costs.
  dataUnusedShare: 0.5,
  // Trees are small and read often: tidy ones make every later run and restore quicker.
  metaUnusedShare: 0.25,
  // A nightly run leaves packs of some hundred KiB; a holder's job and receipt cost the same for them as for full ones.
  smallPackShare: 0.25,
  smallPacks: 12,
  // The design's bound: a night's pruning must not become a night's full upload.
  maxRewriteShare: 0.1,
  // A small vault would not get anywhere with a tenth of it.
  maxRewriteBytes: 64 * 1024 * 1024,
  // A reader fetches all index packs before it can start: fewer and larger ones. Above this, merging again costs more than it brings.
  smallIndexEntries: 100_000,
  smallIndexPacks: 8,
  indexDeadShare: 0.5,
  // 96 MB of entries; memory while merging is some 200 bytes an entry.
  maxMergedEntries: 1_000_000,
};

/** Entries of one merged fragment: 10 MB, between the 100 and 400 thousand of the design. */
export const mergedFragmentEntries = 200_000;
