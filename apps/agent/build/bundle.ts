import { build, type BuildOptions, type Plugin } from 'esbuild';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Have binaries of their own, or look for files beside themselves: they stay in node_modules. */
const external = ['@napi-rs/blake-hash', 'koffi', 'node-datachannel', 'sodium-native'];

/** What a bundle that starts threads or processes of the engine holds beside its own entries, where `startThread` and `startProcess` look for it. */
const threads = {
  'far-process': 'dist/libs/engine/src/far/far-process.js',
  'seal-worker': 'dist/libs/engine/src/backup/seal-worker.js',
  'write-worker': 'dist/libs/engine/src/restore/write-worker.js',
};

/** CommonJS packages ask for parts of Node.js by `require`, which a module does not have. */
const banner = `import { createRequire as createRequireOfBundle } from 'node:module';\nconst require = createRequireOfBundle(import.meta.url);`;

/** The same for code that knows its place as `import.meta.url`, which CommonJS does not have. */
const threadBanner = `const urlOfBundle = require('node:url').pathToFileURL(__filename).href;`;

/** Error messages of zod in fifty languages, of which none but English is ever asked for: a tenth of what starting a command takes. */
const zodInEnglish: Plugin = {
  name: 'zod in English',
  setup: (bundling) =>
    bundling.onLoad({ filter: /[/\\]zod[/\\]v4[/\\]locales[/\\]index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js';`,
    })),
};

/**
 * Joins built programs and all that they import into few files: opening, resolving and linking the 400 modules that a command needs took longer
 * than most commands' work. What a command imports by `import()` stays in files of its own, so that `--help` does not read the network stack. Each thread's code is one
 * CommonJS file, which shares nothing with the others: every thread compiles it anew.
 * `programs`: name in `to` → entry, below `installation` (a folder with package.json, node_modules and dist). All of `to` is replaced.
 */
export async function bundle(installation: string, programs: Readonly<Record<string, string>>, to: string): Promise<void> {
  const target = join(installation, to);
  const fresh = `${target}.new`;
  await rm(fresh, { recursive: true, force: true });
  const usual: BuildOptions = {
    absWorkingDir: installation,
    outdir: fresh,
    bundle: true,
    platform: 'node',
    target: 'node24',
    external,
    legalComments: 'none',
    logLevel: 'warning',
  };
  await build({
    ...usual,
    entryPoints: programs,
    // All in one folder: `import.meta.url` of each file is beside the threads' files.
    chunkNames: 'part-[hash]',
    splitting: true,
    format: 'esm',
    plugins: [zodInEnglish],
    banner: { js: banner },
  });
  await build({
    ...usual,
    entryPoints: threads,
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    define: { 'import.meta.url': 'urlOfBundle' },
    banner: { js: threadBanner },
  });
  await rm(target, { recursive: true, force: true });
  await rename(fresh, target);
}

/** The agent as it is shipped: `dist/agent/main.js`. */
export async function bundleAgent(installation: string): Promise<void> {
  await bundle(installation, { main: 'dist/apps/agent/src/main.js' }, 'dist/agent');
}

if (import.meta.main) await bundleAgent(join(import.meta.dirname, '../../..'));
