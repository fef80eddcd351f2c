/**
 * Backup, second backup, restore and pack transfer, beside restic and borg where they are installed; each round runs every tool in
 * turn on the same data, so that a machine whose speed drifts still gives true ratios. Writes docs/benchmarks.md.
 *
 *   npm run bench -- [--size-mib 1024] [--small-files 50000] [--rounds 3] [--folder DIR] [--no-write]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { edit, incompressible, mixed, once, smallFiles } from './corpora.ts';
import type { Measured } from './measure.ts';
import { median } from './measure.ts';
import type { Tool } from './tools.ts';
import { installedTools } from './tools.ts';
import { measureTransfer } from './transfer.ts';

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    'size-mib': { type: 'string', default: '1024' },
    'small-files': { type: 'string', default: '50000' },
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
  },
});
const sizeMiB = Number(values['size-mib']);
const fileCount = Number(values['small-files']);
const rounds = Number(values.rounds);
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
mkdirSync(folder, { recursive: true });

interface Row {
  readonly workload: string;
  readonly tool: string;
  readonly runs: Measured[];
  storedMiB?: number;
}
const rows: Row[] = [];
const row = (workload: string, tool: string): Row => {
  const found = rows.find((r) => r.workload === workload && r.tool === tool);
  if (found) return found;
  rows.push({ workload, tool, runs: [] });
  return rows.at(-1)!;
};
const storedMiB = (state: string): number => Number(execFileSync('du', ['-sk', state], { encoding: 'utf8' }).split('\t')[0]) / 1024;

async function series(
  name: string,
  data: string,
  tool: Tool,
  steps: { edited?: readonly string[]; second?: boolean; restore?: boolean },
): Promise<void> {
  const state = join(folder, `state-${tool.name}`);
  const target = join(folder, 'restored');
  await tool.prepare(state);
  const first = row(`${name}: first backup`, tool.name);
  first.runs.push(await tool.backup(state, data));
  first.storedMiB = storedMiB(state);
  if (steps.second) row(`${name}: second backup, nothing changed`, tool.name).runs.push(await tool.backup(state, data));
  if (steps.edited) {
    edit(data, steps.edited);
    row(`${name}: second backup, 1 % edited`, tool.name).runs.push(await tool.backup(state, data));
  }
  if (steps.restore) {
    rmSync(target, { recursive: true, force: true });
    row(`${name}: full restore`, tool.name).runs.push(await tool.restore(state, target));
    rmSync(target, { recursive: true, force: true });
  }
  rmSync(state, { recursive: true, force: true });
}

const tools = installedTools();
console.error(`in ${folder}: ${tools.map((t) => `${t.name} (${t.version})`).join(', ')}`);
const random = once(join(folder, 'incompressible'), (to) => incompressible(to, sizeMiB * 1024 * 1024));
const mix = once(join(folder, 'mixed'), (to) => mixed(to, sizeMiB * 1024 * 1024));
const small = once(join(folder, 'small'), (to) => smallFiles(to, fileCount));
for (let round = 1; round <= rounds; round += 1) {
  for (const tool of tools) {
    console.error(`round ${round} of ${rounds}: ${tool.name}`);
    await series(`${sizeMiB} MiB incompressible`, random, tool, { restore: true });
    await series(`${sizeMiB} MiB mixed`, mix, tool, { edited: readdirSync(mix) });
    await series(`${fileCount} small files`, small, tool, { second: true, restore: true });
  }
}
const transfer = await measureTransfer(rounds);

const workloads = [...new Set(rows.map((r) => r.workload))];
const lines = [
  '# Benchmarks',
  '',
  'Measured by `npm run bench` (test/bench), every tool in turn on the same data in the same run; medians. Ratios are what counts: this machine',
  `and its neighbours are noisy. Encryption on everywhere; each tool's fast compression on. ${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node.js ${process.version}.`,
  '',
  `Rerun: \`npm ci && npm run bench -- --size-mib ${sizeMiB} --small-files ${fileCount} --rounds ${rounds}\` (restic and borg are measured when they are installed).`,
  '',
  `Versions: ${tools.map((t) => `${t.name}: ${t.version}`).join('; ')}. Rounds: ${rounds}.`,
  '',
  '| workload | tool | seconds | CPU seconds | peak MiB | stored MiB | times as fast as this tool is Holdfast |',
  '| --- | --- | ---: | ---: | ---: | ---: | ---: |',
  ...workloads.flatMap((workload) =>
    rows
      .filter((r) => r.workload === workload)
      .map((r) => {
        const wall = median(r.runs.map((run) => run.wallSeconds));
        const own = rows.find((o) => o.workload === workload && o.tool === 'holdfast')!;
        // Pair by pair: the n-th run of one against the n-th of the other.
        const ratio = median(r.runs.map((run, n) => run.wallSeconds / own.runs[n]!.wallSeconds));
        return `| ${workload} | ${r.tool} | ${wall.toFixed(2)} | ${median(r.runs.map((x) => x.cpuSeconds)).toFixed(1)} | ${median(r.runs.map((x) => x.peakMiB))} | ${r.storedMiB === undefined ? '' : Math.round(r.storedMiB)} | ${r.tool === 'holdfast' ? '' : `${ratio.toFixed(2)} ×`} |`;
      }),
  ),
  '',
  '## Pack transfer',
  '',
  'Two processes on loopback; every leaf verified, packs written and durable at the receiver.',
  '',
  '| path | MB/s | of raw TCP |',
  '| --- | ---: | ---: |',
  ...transfer.map((t) => `| ${t.path} | ${Math.round(t.megabytesPerSecond)} | ${(t.ofRawTcp * 100).toFixed(0)} % |`),
  '',
];
const page = lines.join('\n');
console.log(page);
if (!values['no-write']) writeFileSync(join(import.meta.dirname, '../../docs/benchmarks.md'), page);
if (!values.folder) rmSync(folder, { recursive: true, force: true });
