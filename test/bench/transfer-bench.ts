/**
 * Moving packs between processes, beside plain TCP and TLS, and from several holders at once. Writes its part of docs/benchmarks.md:
 * npm run bench:transfer -- [--rounds 3] [--folder DIR] [--no-write]
 * For a look at one way only, which writes nothing: [--only REGEXP], of the ways' names or `holder`.
 */
import { parseArgs } from 'node:util';
import { measureMultiSource } from './multi-source.ts';
import { writeSection } from './page-section.ts';
import { measureTransfer } from './transfer.ts';

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string' },
    only: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const only = new RegExp(values.only ?? '.');
const percent = (ratio: number): string => `${(ratio * 100).toFixed(0)} %`;

const transfer = values.only === 'holder' ? [] : await measureTransfer(rounds, values.folder, only);
const holders = only.test('holder') ? await measureMultiSource(rounds, values.folder) : [];
const text = [
  '## Pack transfer',
  '',
  'Two processes on loopback, 512 MiB in packs of 32 MiB, two at once; bitswap 64 MiB. Measured by `npm run bench:transfer`, every way in turn in each',
  'of the rounds; medians, the ratios within each round. CPU is both sides together, all threads and the kernel.',
  '',
  '| path | MB/s | CPU-s per GB | of raw TCP | of TLS | CPU of TLS |',
  '| --- | ---: | ---: | ---: | ---: | ---: |',
  ...transfer.map(
    (t) =>
      `| ${t.path} | ${Math.round(t.megabytesPerSecond)} | ${t.cpuSecondsPerGigabyte.toFixed(1)} | ${percent(t.ofRawTcp)} | ${percent(t.ofTls)} | ${percent(t.cpuOfTls)} |`,
  ),
  '',
  '### From several holders',
  '',
  '256 MiB in such packs over the fast lane, verified, written and durable. Each holder may send 20 MB/s, the slow one 2 MB/s, and a second’s worth of it at once.',
  '',
  '| sources | MB/s | CPU-s per GB | of one holder |',
  '| --- | ---: | ---: | ---: |',
  ...holders.map(
    (h) => `| ${h.sources} | ${Math.round(h.megabytesPerSecond)} | ${h.cpuSecondsPerGigabyte.toFixed(1)} | ${percent(h.ofOneHolder)} |`,
  ),
].join('\n');
console.log(text);
if (!values['no-write'] && values.only === undefined) await writeSection('transfer', text);
