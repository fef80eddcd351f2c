/**
 * Compiles gear-scan.ts (AssemblyScript) into src/chunk/gear-scan-module.ts; with --check only compares, and fails when they differ.
 * The same source and the same pinned compiler always give the same bytes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

const here = import.meta.dirname;
const target = join(here, '../src/chunk/gear-scan-module.ts');
let binary;
const { error } = await asc.main(
  [
    'gear-scan.ts',
    ...['--enable', 'simd', '--runtime', 'stub', '--importMemory', '--initialMemory', '1', '--noExportMemory'],
    ...['-O3', '--converge', '--use', 'abort=', '--outFile', 'gear-scan.wasm'],
  ],
  {
    readFile: (name) => (name === 'gear-scan.ts' ? readFileSync(join(here, name), 'utf8') : null),
    writeFile: (_name, contents) => (binary = contents),
    listFiles: () => [],
    stderr: process.stderr,
  },
);
if (error) throw error;
const lines = Buffer.from(binary)
  .toString('hex')
  .match(/.{1,128}/g)
  .map((line) => `  '${line}',`);
const text = `/** Made by \`npm run wasm\` from wasm/gear-scan.ts; a test builds it again and compares. */\nexport const gearScanModule = [\n${lines.join('\n')}\n].join('');\n`;
if (!process.argv.includes('--check')) writeFileSync(target, text);
else if (readFileSync(target, 'utf8') !== text) {
  console.error('src/chunk/gear-scan-module.ts is not what wasm/gear-scan.ts compiles to: run "npm run wasm" and commit the result');
  process.exitCode = 1;
}
