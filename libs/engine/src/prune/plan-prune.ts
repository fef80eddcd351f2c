import type { PackInfo } from '#libs/vault';
import type { PruneRules } from './prune-rules.ts';

/** A pack of data or trees, and how much of it the retained snapshots need. */
export interface PackUse {
  readonly pack: PackInfo;
  /** Sealed bytes of chunks that some snapshot needs and that the index finds here. */
  readonly usedBytes: number;
}

export interface IndexUse {
  readonly pack: PackInfo;
  readonly entries: number;
  /** Entries by the ordinal of the pack that they lead to. */
  readonly byPack: ReadonlyMap<number, number>;
  /** Every ordinal that its fragments describe, those without entries too. */
  readonly describes: ReadonlySet<number>;
  /** A retained snapshot's record stands in it. */
  readonly records: number;
}

export interface PrunePlanInput {
  readonly packs: readonly PackUse[];
  /** Index packs of the head, in its order. */
  readonly indexPacks: readonly IndexUse[];
  readonly targetBytes: { readonly data: number; readonly meta: number };
  readonly epoch: number;
  readonly rules: PruneRules;
}

export interface PlannedRewrite extends PackUse {
  readonly why: string;
}

export interface PrunePlan {
  /** Nothing in them is needed. */
  readonly release: readonly PackInfo[];
  /** What is needed of them is copied, then they go too. */
  readonly rewrite: readonly PlannedRewrite[];
  /** Worth rewriting, but beyond what one run may copy. */
  readonly later: readonly PlannedRewrite[];
  readonly mergeIndex: readonly { readonly pack: PackInfo; readonly why: string }[];
  readonly totalBytes: number;
  readonly usedBytes: number;
  /** Bytes that the run copies, and bytes that it sets free in the end (padding and overhead included, index packs not). */
  readonly rewriteBytes: number;
  readonly freedBytes: number;
}

/** What a prune does and why. Pure: the same vault and rules give the same plan. */
export function planPrune(input: PrunePlanInput): PrunePlan {
  const { packs, rules } = input;
  const totalBytes = packs.reduce((sum, { pack }) => sum + pack.sizeBytes, 0);
  const usedBytes = packs.reduce((sum, one) => sum + one.usedBytes, 0);
  const release = packs.filter((one) => one.usedBytes === 0).map(({ pack }) => pack);
  const worth = rewritesWorth(input);
  const budget = Math.max(rules.maxRewriteBytes, totalBytes * rules.maxRewriteShare);
  const rewrite: PlannedRewrite[] = [];
  const later: PlannedRewrite[] = [];
  let rewriteBytes = 0;
  for (const one of worth) {
    if (rewrite.length === 0 || rewriteBytes + one.usedBytes <= budget) {
      rewrite.push(one);
      rewriteBytes += one.usedBytes;
    } else later.push(one);
  }
  const gone = new Set([...release, ...rewrite.map(({ pack }) => pack)].map(({ ordinal }) => ordinal));
  const freedBytes = packs.reduce((sum, { pack }) => sum + (gone.has(pack.ordinal) ? pack.sizeBytes : 0), 0) - rewriteBytes;
  return { release, rewrite, later, mergeIndex: planIndexMerge(input, gone), totalBytes, usedBytes, rewriteBytes, freedBytes };
}

/** The most unused share first: it frees the most for each byte that is copied. */
function rewritesWorth({ packs, targetBytes, epoch, rules }: PrunePlanInput): PlannedRewrite[] {
  const worth: (PlannedRewrite & { readonly share: number })[] = [];
  const small = { data: [] as PackUse[], meta: [] as PackUse[] };
  for (const one of packs) {
    const { kind, sizeBytes } = one.pack;
    if (one.usedBytes === 0 || kind === 'index') continue;
    const share = Math.max(0, 1 - one.usedBytes / sizeBytes);
    const limit = kind === 'data' ? rules.dataUnusedShare : rules.metaUnusedShare;
    // A small pack is mostly padding and directory: its share says nothing.
    const isSmall = sizeBytes < targetBytes[kind] * rules.smallPackShare;
    if (share >= limit && !isSmall) worth.push({ ...one, share, why: `${Math.round(share * 100)} % unneeded` });
    else if (one.pack.epoch < epoch) worth.push({ ...one, share, why: 'sealed with a retired key' });
    else if (isSmall) small[kind].push(one);
  }
  for (const kind of ['data', 'meta'] as const) {
    const target = targetBytes[kind];
    const bytes = small[kind].reduce((sum, one) => sum + one.usedBytes, 0);
    if (small[kind].length < rules.smallPacks && (bytes < target || small[kind].length < 2)) continue;
    for (const one of small[kind]) worth.push({ ...one, share: 0, why: `small, put together with ${small[kind].length - 1} others` });
  }
  return worth
    .sort((a, b) => b.share - a.share || a.pack.ordinal - b.pack.ordinal)
    .map(({ pack, usedBytes, why }) => ({ pack, usedBytes, why }));
}

function planIndexMerge({ packs, indexPacks, rules }: PrunePlanInput, gone: ReadonlySet<number>): PrunePlan['mergeIndex'] {
  const staying = new Set(packs.map(({ pack }) => pack.ordinal).filter((ordinal) => !gone.has(ordinal)));
  const small = indexPacks.filter(({ entries }) => entries < rules.smallIndexEntries);
  const worth: { readonly pack: PackInfo; readonly why: string; readonly entries: number }[] = [];
  for (const { pack, entries, byPack } of indexPacks) {
    if (entries < rules.smallIndexEntries) {
      if (small.length >= rules.smallIndexPacks) worth.push({ pack, entries, why: `one of ${small.length} small ones` });
      continue;
    }
    let dead = 0;
    for (const [ordinal, count] of byPack) if (!staying.has(ordinal)) dead += count;
    if (dead >= entries * rules.indexDeadShare)
      worth.push({ pack, entries, why: `${Math.round((dead / entries) * 100)} % of it is about packs that go` });
  }
  let entries = 0;
  return worth
    .sort((a, b) => a.entries - b.entries)
    .filter((one, i) => (entries += one.entries) <= rules.maxMergedEntries || i === 0)
    .map(({ pack, why }) => ({ pack, why }));
}
