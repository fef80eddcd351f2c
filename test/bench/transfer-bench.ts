/** Moving packs between two processes, beside raw TCP. Writes its part of docs/benchmarks.md: npm run bench:transfer -- [--rounds 3] [--no-write] */
import { parseArgs } from 'node:util';
import { writeSection } from './page-section.ts';
import { measureTransfer } from './transfer.ts';

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: { rounds: { type: 'string', default: '3' }, 'no-write': { type: 'boolean', default: false } },
});
const transfer = await measureTransfer(Number(values.rounds));
const text = [
  '## Pack transfer',
  '',
  'Two processes on loopback; every leaf verified, packs written and durable at the receiver. Measured by `npm run bench:transfer`.',
  '',
  '| path | MB/s | of raw TCP |',
  '| --- | ---: | ---: |',
  ...transfer.map((t) => `| ${t.path} | ${Math.round(t.megabytesPerSecond)} | ${(t.ofRawTcp * 100).toFixed(0)} % |`),
].join('\n');
console.log(text);
if (!values['no-write']) await writeSection('transfer', text);
