import { cpus, loadavg, totalmem } from 'node:os';
import { cpu, pairedRatio, peak, type Row, seconds } from './rows.ts';
import { type Tool, unsynced } from './tools/tool.ts';

/** The engine's part of docs/benchmarks.md. */
export function enginePage(
  all: readonly Row[],
  tools: readonly Tool[],
  facts: { readonly sizeMiB: number; readonly smallFiles: number; readonly rounds: number },
): string {
  const growth = all.filter((row) => row.label.startsWith('growth'));
  const rows = all.filter((row) => !growth.includes(row));
  const keys = [...new Set(rows.map((row) => `${row.label}, compression ${row.compression}`))];
  const groups = keys.map((key) => ({ key, rows: rows.filter((row) => `${row.label}, compression ${row.compression}` === key) }));
  const processor = `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node.js ${process.version}`;
  return [
    '## Engine: backup and restore beside other programs',
    '',
    `Measured by \`npm run bench:engine -- --size-mib ${facts.sizeMiB} --small-files ${facts.smallFiles} --rounds ${facts.rounds}\` on ${processor}, at a load average of ${loadavg()[1]!.toFixed(1)}: above the number of cores others were at work, and wall-clock times say little.`,
    '',
    'Every tool in turn on the same data, in another order each round; medians; a ratio is the median over pairs of the same round. Encryption is on',
    "everywhere. Compression on: each tool's fast level (zstd 1, restic `auto`, borg lz4, kopia zstd-fastest). What a run reads, the data or what was stored of it, is in the page cache and all",
    'earlier writes are on the disk before each run. Each run is one process from start to end; peak memory is the worst of all rounds. Holdfast is the',
    'built engine with its pack store, bundled as the agent is and without a network. Every restore was compared byte by byte once. Holdfast’s restore ends',
    'when what it wrote is on the disk for good; restic, borg and kopia do not wait for that: `--no-sync` is the row that does what they do.',
    '',
    ...tools.map((tool) => `- ${tool.name}: ${tool.durability}.`),
    '',
    ...summary(groups),
    ...table(groups),
    ...growthTable(growth),
  ].join('\n');
}

interface Group {
  readonly key: string;
  readonly rows: readonly Row[];
}

const ownOf = (group: Group): Row | undefined => group.rows.find((row) => row.tool === 'holdfast');

function summary(groups: readonly Group[]): string[] {
  const lines = groups.flatMap((group) => {
    const own = ownOf(group);
    const peers = group.rows.filter((row) => row !== own && !row.tool.endsWith(unsynced));
    if (!own || peers.length === 0) return [];
    const fastest = peers.reduce((a, b) => (pairedRatio(b, own) < pairedRatio(a, own) ? b : a));
    const stored = peers.flatMap((row) => row.storedMiB ?? []);
    const size = own.storedMiB === undefined ? '' : `${((own.storedMiB / Math.min(...stored) - 1) * 100).toFixed(1)} %`;
    return [
      `| ${group.key} | ${fastest.tool} | ${pairedRatio(fastest, own).toFixed(2)} × | ${(cpu(own) / cpu(fastest)).toFixed(2)} × | ${(peak(own) - peak(fastest)).toFixed(0)} MiB | ${size} |`,
    ];
  });
  if (lines.length === 0) return [];
  return [
    '| workload | fastest peer | Holdfast is so many times as fast | processor time as a multiple of that peer | peak memory above that peer | stored above the smallest peer |',
    '| --- | --- | ---: | ---: | ---: | ---: |',
    ...lines,
    '',
  ];
}

function table(groups: readonly Group[]): string[] {
  return [
    '| workload | tool | seconds | CPU seconds | peak MiB | stored MiB | times as fast as this tool is Holdfast |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: |',
    ...groups.flatMap((group) =>
      group.rows.map((row) => {
        const own = ownOf(group);
        const ratio = own && own !== row && !row.tool.endsWith(unsynced) ? `${pairedRatio(row, own).toFixed(2)} ×` : '';
        const stored = row.storedMiB === undefined ? '' : row.storedMiB.toFixed(0);
        return `| ${group.key} | ${row.tool} | ${seconds(row).toFixed(2)} | ${cpu(row).toFixed(1)} | ${peak(row)} | ${stored} | ${ratio} |`;
      }),
    ),
    '',
  ];
}

function growthTable(rows: readonly Row[]): string[] {
  const small = rows.filter((row) => row.label.endsWith(' ×1'));
  if (small.length === 0) return [];
  return [
    '### Growth',
    '',
    'Ten times the files, or ten times the bytes; wall-clock time of the whole process.',
    '',
    '| work | seconds | seconds for 10 × | ratio | peak MiB | peak MiB for 10 × |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...small.map((row) => {
      const name = row.label.slice(0, -' ×1'.length);
      const large = rows.find((other) => other.label === `${name} ×10`)!;
      return `| ${name} | ${seconds(row).toFixed(2)} | ${seconds(large).toFixed(2)} | ${pairedRatio(large, row).toFixed(1)} | ${peak(row)} | ${peak(large)} |`;
    }),
    '',
  ];
}
