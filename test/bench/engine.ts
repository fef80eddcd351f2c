/**
 * Backup and restore by the built engine and by other backup programs, paired: each round runs every tool on the same data in turn, in
 * another order each time, so that a machine whose speed drifts still gives true ratios. Writes its part of docs/benchmarks.md.
 *
 *   npm run bench:engine -- [--size-mib 1024] [--small-files 50000] [--rounds 3] [--workload incompressible,mixed,…]
 *     [--tools holdfast,restic,borg,kopia] [--compression on,off] [--restic PATH]… [--borg PATH] [--kopia PATH]
 *     [--folder DIR] [--no-write]
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { enginePage } from './engine-page.ts';
import type { Measured } from './measure.ts';
import { writeSection } from './page-section.ts';
import { type Row, rowOf } from './rows.ts';
import { installedTools } from './tools/installed.ts';
import type { Compression } from './tools/tool.ts';
import { type Bench, throughGrowth, throughIncompressible, throughMixed, throughSmallFiles, workloadNames } from './workloads.ts';

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    'size-mib': { type: 'string', default: '1024' },
    'small-files': { type: 'string', default: '50000' },
    rounds: { type: 'string', default: '3' },
    workload: { type: 'string', default: workloadNames.join(',') },
    tools: { type: 'string', default: '' },
    compression: { type: 'string', default: 'on,off' },
    restic: { type: 'string', multiple: true, default: [] },
    borg: { type: 'string', multiple: true, default: [] },
    kopia: { type: 'string', multiple: true, default: [] },
    folder: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
  },
});
const list = <T extends string>(option: string, given: string, allowed: readonly T[]): T[] =>
  given
    .split(',')
    .filter((one) => one !== '')
    .map((one) => {
      if (!(allowed as readonly string[]).includes(one)) throw new Error(`--${option}: "${one}" is none of ${allowed.join(', ')}`);
      return one as T;
    });
const positive = (option: 'size-mib' | 'small-files' | 'rounds'): number => {
  const number = Number(values[option]);
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`--${option}: must be a whole number from 1`);
  return number;
};

const sizes = { sizeMiB: positive('size-mib'), smallFiles: positive('small-files') };
const rounds = positive('rounds');
const tools = await installedTools(
  { restic: ['restic', ...values.restic], borg: ['borg', ...values.borg], kopia: ['kopia', ...values.kopia] },
  list('tools', values.tools, ['holdfast', 'restic', 'borg', 'kopia']),
);
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
mkdirSync(folder, { recursive: true });
const rows: Row[] = [];
let compression: Compression = 'on';
const bench: Bench = {
  folder,
  sizes,
  wanted: new Set(list('workload', values.workload, workloadNames)),
  verified: new Set(),
  kept: [],
  record(label, tool, measured: Measured, storedMiB) {
    const row = rowOf(rows, { label, compression, tool: tool.name });
    row.runs.push(measured);
    if (storedMiB !== undefined) row.storedMiB = storedMiB;
    const cpu = measured.cpuSeconds.toFixed(1);
    console.error(
      `  ${label}: ${measured.wallSeconds.toFixed(2)} s, ${cpu} CPU s, ${measured.peakMiB} MiB${storedMiB ? `, ${storedMiB.toFixed(0)} MiB stored` : ''}`,
    );
  },
};

try {
  console.error(`in ${folder}: ${tools.map((tool) => tool.name).join(', ')}`);
  for (let round = 0; round < rounds; round += 1) {
    // Nobody always goes first.
    const order = tools.map((_, n) => tools[(n + round) % tools.length]!);
    for (compression of list('compression', values.compression, ['on', 'off'])) {
      for (const through of [throughIncompressible, throughMixed, throughSmallFiles]) {
        // Whether compression is on matters for what is compressed: small files are measured once.
        if (compression === 'off' && through === throughSmallFiles) continue;
        for (const tool of order) {
          console.error(`round ${round + 1} of ${rounds}, compression ${compression}: ${tool.name}`);
          await through(bench, tool, compression);
        }
      }
    }
    compression = 'on';
    const own = tools.find((tool) => tool.name === 'holdfast');
    if (own) await throughGrowth(bench, own);
  }
} finally {
  for (const restored of bench.kept) rmSync(restored, { recursive: true, force: true });
  if (!values.folder) rmSync(folder, { recursive: true, force: true });
}

const page = enginePage(rows, tools, { ...sizes, rounds });
console.log(page);
if (!values['no-write']) await writeSection('engine', page);
