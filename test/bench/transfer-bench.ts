/** Moving packs between two processes, beside plain TCP and TLS. Writes its part of docs/benchmarks.md: npm run bench:transfer -- [--rounds 3] [--folder DIR] [--no-write] */
import { parseArgs } from 'node:util';
import { writeSection } from './page-section.ts';
import { measureTransfer } from './transfer.ts';

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: { rounds: { type: 'string', default: '3' }, folder: { type: 'string' }, 'no-write': { type: 'boolean', default: false } },
});
const transfer = await measureTransfer(Number(values.rounds), values.folder);
const percent = (ratio: number): string => `${(ratio * 100).toFixed(0)} %`;
const text = [
  '## Pack transfer',
  '',
  'Two processes on loopback, 512 MiB in packs of 32 MiB, two at once; bitswap 64 MiB. Measured by `npm run bench:transfer`, every way in turn in each',
  'of the rounds; medians, the ratios within each round. CPU is both sides together, all threads and the kernel.',
  '',
  '| path | MB/s | CPU-s per GB | of raw TCP | of TLS |',
  '| --- | ---: | ---: | ---: | ---: |',
  ...transfer.map(
    (t) =>
      `| ${t.path} | ${Math.round(t.megabytesPerSecond)} | ${t.cpuSecondsPerGigabyte.toFixed(1)} | ${percent(t.ofRawTcp)} | ${percent(t.ofTls)} |`,
  ),
].join('\n');
console.log(text);
if (!values['no-write']) await writeSection('transfer', text);
