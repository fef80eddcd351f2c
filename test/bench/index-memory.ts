/**
 * The chunk index at 1 and 10 million chunks: memory a chunk, and time of insertion and look-up. Each size in a process of its own.
 *
 *   npm run bench:index -- [--millions 1,10]
 */
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { parseArgs } from 'node:util';
import { ChunkIndex } from '#libs/vault';

const { values } = parseArgs({ options: { millions: { type: 'string', default: '1,10' }, one: { type: 'string' } } });
const batch = 10_000;
const lookups = 1_000_000;

/** Random ids come in batches, so that making them takes no memory and is not timed. */
function timed(count: number, work: (id: Uint8Array, n: number) => void): number {
  const ids = new Uint8Array(batch * 32);
  let spentMs = 0;
  for (let n = 0; n < count; n += batch) {
    randomFillSync(ids);
    const start = performance.now();
    for (let i = 0; i < batch; i += 1) work(ids.subarray(i * 32, i * 32 + 32), n + i);
    spentMs += performance.now() - start;
  }
  return (spentMs * 1e6) / count;
}

function measure(chunks: number): void {
  const before = process.memoryUsage.rss();
  const index = new ChunkIndex();
  const insertNs = timed(chunks, (id, n) => index.insert(id, n >>> 5, 42, 1000, 2000));
  const residentBytes = process.memoryUsage.rss() - before;
  const missNs = timed(lookups, (id) => index.has(id));
  const known = [...index.entries().take(batch)].map(({ id }) => id);
  const start = performance.now();
  for (let n = 0; n < lookups; n += 1) index.lookup(known[n % batch]!);
  const hitNs = ((performance.now() - start) * 1e6) / lookups;
  const format = (value: number): string => value.toFixed(0).padStart(6);
  console.log(
    `${(chunks / 1e6).toString().padStart(3)} million chunks: ${(index.byteLength / chunks).toFixed(1)} bytes a chunk in the table, ` +
      `${(residentBytes / chunks).toFixed(1)} resident; ns: insert ${format(insertNs)}, miss ${format(missNs)}, hit ${format(hitNs)}`,
  );
}

if (values.one) measure(Number(values.one));
else
  for (const millions of values.millions.split(','))
    execFileSync(process.execPath, [...process.execArgv, import.meta.filename, '--one', String(Number(millions) * 1e6)], {
      stdio: 'inherit',
    });
