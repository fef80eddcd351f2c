import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { copyOf, edit, incompressible, mixed, once, smallFiles } from './corpora.ts';
import type { Measured } from './measure.ts';
import { evenStart } from './page-cache.ts';
import { assertRestored, assertRestoredFile, sizeMiB } from './same-content.ts';
import { type Compression, type Tool, unsynced } from './tools/tool.ts';

/** What can be asked for with `--workload`. */
export const workloadNames = [
  'incompressible',
  'mixed',
  'edited',
  'small-files',
  'no-change',
  'full-restore',
  'one-file',
  'growth',
] as const;
export type WorkloadName = (typeof workloadNames)[number];

export interface Sizes {
  readonly sizeMiB: number;
  readonly smallFiles: number;
}

export type RecordRun = (label: string, tool: Tool, measured: Measured, storedMiB?: number) => void;

export interface Bench {
  /** Where data and states are. */
  readonly folder: string;
  readonly sizes: Sizes;
  readonly wanted: ReadonlySet<WorkloadName>;
  readonly record: RecordRun;
  /** Tools whose restore of this label was compared with the data already. */
  readonly verified: Set<string>;
  /** Restored trees of many files, to be removed when everything is measured: see {@link keepUntilTheEnd}. */
  readonly kept: string[];
}

let version = 0;

/** One tool through one corpus: only what is wanted is recorded, the steps that it needs are run all the same. */
export async function throughIncompressible(bench: Bench, tool: Tool, compression: Compression): Promise<void> {
  const { wanted, sizes } = bench;
  if (!wanted.has('incompressible') && !wanted.has('full-restore')) return;
  const data = once(join(bench.folder, `incompressible-${sizes.sizeMiB}`), (to) => incompressible(to, sizes.sizeMiB * 2 ** 20));
  await withState(bench, tool, compression, async (state) => {
    await step(
      bench,
      'incompressible',
      `first backup, ${sizes.sizeMiB} MiB incompressible`,
      tool,
      data,
      () => tool.backup(state, data),
      state,
    );
    if (wanted.has('full-restore')) await fullRestore(bench, `full restore, ${sizes.sizeMiB} MiB incompressible`, tool, state, data);
  });
}

export async function throughMixed(bench: Bench, tool: Tool, compression: Compression): Promise<void> {
  const { wanted, sizes } = bench;
  if (!['mixed', 'edited', 'one-file'].some((name) => wanted.has(name as WorkloadName))) return;
  const original = once(join(bench.folder, `mixed-${sizes.sizeMiB}`), (to) => mixed(to, sizes.sizeMiB * 2 ** 20));
  const data = copyOf(original, join(bench.folder, 'working'));
  await withState(bench, tool, compression, async (state) => {
    await step(bench, 'mixed', `first backup, ${sizes.sizeMiB} MiB mixed`, tool, data, () => tool.backup(state, data), state);
    if (wanted.has('edited') || wanted.has('one-file')) {
      version += 1;
      edit(data, version);
      await step(bench, 'edited', `second backup, 1 % of every file edited`, tool, data, () => tool.backup(state, data), state);
    }
    if (wanted.has('one-file')) {
      const names = readdirSync(data).sort();
      const file = join(data, names[names.length >> 1]!);
      const target = freshTarget(bench);
      const label = `one file of 8 MiB out of ${sizes.sizeMiB} MiB`;
      await step(bench, 'one-file', label, tool, tool.storedIn(state), () => tool.restoreFile(state, target, file));
      onceVerified(bench, label, tool, () => assertRestoredFile(file, target, tool.name));
      rmSync(target, { recursive: true, force: true });
    }
  });
  rmSync(data, { recursive: true, force: true });
}

export async function throughSmallFiles(bench: Bench, tool: Tool, compression: Compression): Promise<void> {
  const { wanted, sizes } = bench;
  if (!['small-files', 'no-change', 'full-restore'].some((name) => wanted.has(name as WorkloadName))) return;
  const data = once(join(bench.folder, `small-${sizes.smallFiles}`), (to) => smallFiles(to, sizes.smallFiles));
  await withState(bench, tool, compression, async (state) => {
    const label = `${sizes.smallFiles} small files`;
    await step(bench, 'small-files', `first backup, ${label}`, tool, data, () => tool.backup(state, data), state);
    if (wanted.has('no-change'))
      await step(bench, 'no-change', `second backup, ${label}, nothing changed`, tool, data, () => tool.backup(state, data));
    if (wanted.has('full-restore')) await fullRestore(bench, `full restore, ${label}`, tool, state, data);
  });
}

/** Ten times the bytes and ten times the files, one tool alone. Labels end with ` ×1` and ` ×10`. */
export async function throughGrowth(bench: Bench, tool: Tool): Promise<void> {
  if (!bench.wanted.has('growth')) return;
  const { sizeMiB: mib, smallFiles: files } = bench.sizes;
  const sets = [
    ['bytes', Math.ceil(mib / 10), (to: string, n: number) => incompressible(to, n * 2 ** 20)],
    ['files', Math.ceil(files / 10), smallFiles],
  ] as const;
  for (const [kind, base, make] of sets) {
    for (const times of [1, 10]) {
      const data = once(join(bench.folder, `growth-${kind}-${base * times}`), (to) => make(to, base * times));
      await withState(bench, tool, 'on', async (state) => {
        await step(bench, 'growth', `growth in ${kind}: first backup ×${times}`, tool, data, () => tool.backup(state, data));
        await step(bench, 'growth', `growth in ${kind}: nothing changed ×${times}`, tool, data, () => tool.backup(state, data));
        const target = freshTarget(bench);
        const label = `growth in ${kind}: full restore ×${times}`;
        await step(bench, 'growth', label, tool, tool.storedIn(state), () => tool.restore(state, target));
        keepUntilTheEnd(bench, target);
      });
    }
  }
}

async function fullRestore(bench: Bench, label: string, tool: Tool, state: string, data: string): Promise<void> {
  const target = freshTarget(bench);
  await step(bench, 'full-restore', label, tool, tool.storedIn(state), () => tool.restore(state, target));
  onceVerified(bench, label, tool, () => assertRestored(data, target, tool.name));
  keepUntilTheEnd(bench, target);
  if (!tool.restoreUnsynced) return;
  const name = `${tool.name}${unsynced}`;
  const another = freshTarget(bench);
  await step(bench, 'full-restore', label, { ...tool, name }, tool.storedIn(state), () => tool.restoreUnsynced!(state, another));
  keepUntilTheEnd(bench, another);
}

/** Few files are no trouble and take room: those go at once. */
const manyFiles = 1_000;

/**
 * What was restored stays where it is if it is many files. ext4 without a journal gives no inode away again for minutes after its file was removed, and goes
 * through all of these for each new file (`recently_deleted` in fs/ext4/ialloc.c): whoever restores after somebody's tree was removed pays for that, up to half of its time.
 */
function keepUntilTheEnd(bench: Bench, target: string): void {
  if (readdirSync(target, { recursive: true }).length < manyFiles) rmSync(target, { recursive: true, force: true });
  else bench.kept.push(target);
}

/** `reads`: what the run reads, the data or what the tool stored of it. Of what it stored itself a tool may have left all, or nothing, in memory. */
async function step(
  bench: Bench,
  name: WorkloadName,
  label: string,
  tool: Tool,
  reads: string,
  run: () => Promise<Measured>,
  storedState?: string,
): Promise<void> {
  evenStart(reads);
  const measured = await run();
  if (bench.wanted.has(name))
    bench.record(label, tool, measured, storedState === undefined ? undefined : sizeMiB(tool.storedIn(storedState)));
}

async function withState(bench: Bench, tool: Tool, compression: Compression, work: (state: string) => Promise<void>): Promise<void> {
  const state = join(bench.folder, 'state');
  await tool.prepare(state, compression);
  try {
    await work(state);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

function freshTarget(bench: Bench): string {
  const target = join(bench.folder, `restored-${bench.kept.length}`);
  rmSync(target, { recursive: true, force: true });
  return target;
}

function onceVerified(bench: Bench, label: string, tool: Tool, verify: () => void): void {
  const key = `${tool.name}: ${label}`;
  if (bench.verified.has(key)) return;
  verify();
  bench.verified.add(key);
}
