import { build, type BuildOptions, type Metafile, type Plugin } from 'esbuild';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Have binaries of their own, or look for files beside themselves: they stay in node_modules. */
const withBinaries = ['@napi-rs/blake-hash', 'koffi', 'node-datachannel', 'sodium-native'];

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

/**
 * What NestJS, fastify and TypeORM would use if it were installed: asked for inside `try`, or when a feature is used that is not used here. They stay `import` and `require`,
 * which fail where they failed before. Only these: anything else that can't be found ends the build.
 */
const absent = [
  ...['@fastify/multipart', '@fastify/view', '@nestjs/microservices', '@nestjs/platform-express', '@nestjs/websockets'],
  ...['bufferutil', 'class-transformer', 'class-validator', 'utf-8-validate'],
];

/** Imported by `import()`, and there in a form that has names then. */
const alias = { '@peculiar/x509': '@peculiar/x509/build/x509.es.js' };

/** Imported for what it does, not for a name. */
const namelessPackage = 'node_modules/reflect-metadata/';

/** Error messages of zod in fifty languages, of which none but English is ever asked for: a tenth of what starting a command takes. */
const zodInEnglish: Plugin = {
  name: 'zod in English',
  setup: (bundling) =>
    bundling.onLoad({ filter: /[/\\]zod[/\\]v4[/\\]locales[/\\]index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js';`,
    })),
};

/** How to make a bundle. */
interface Bundling {
  /** A folder with package.json, node_modules and dist. */
  readonly installation: string;
  /** Name in `to` → entry, both below `installation`. */
  readonly programs: Readonly<Record<string, string>>;
  /** All of it is replaced, once the bundle is made. */
  readonly to: string;
  /** The programs start threads and processes of the engine. */
  readonly withThreads?: boolean;
  /** Also left as they are. */
  readonly external?: readonly string[];
  /** Every class and function answers to its name from the sources, also where two of them share one. */
  readonly keepNames?: boolean;
}

/**
 * Joins built programs and all that they import into few files: opening, resolving and linking the 400 modules that a command needs took longer
 * than most commands' work. What a command imports by `import()` stays in files of its own, so that `--help` does not read the network stack. Each thread's code is one
 * CommonJS file, which shares nothing with the others: every thread compiles it anew.
 */
export async function bundle({
  installation,
  programs,
  to,
  withThreads = false,
  external = [],
  keepNames = false,
}: Bundling): Promise<void> {
  const target = join(installation, to);
  const fresh = `${target}.new`;
  await rm(fresh, { recursive: true, force: true });
  const usual: BuildOptions = {
    absWorkingDir: installation,
    outdir: fresh,
    bundle: true,
    platform: 'node',
    target: 'node24',
    external: [...withBinaries, ...external],
    legalComments: 'none',
    logLevel: 'warning',
  };
  const { metafile } = await build({
    ...usual,
    entryPoints: programs,
    // All in one folder: `import.meta.url` of each file is beside the threads' files.
    chunkNames: 'part-[hash]',
    splitting: true,
    format: 'esm',
    keepNames,
    alias,
    metafile: true,
    plugins: [zodInEnglish],
    banner: { js: banner },
  });
  assertNamesAreThere(metafile);
  if (withThreads)
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

/**
 * Node.js finds the names in a CommonJS package that is imported by `import()`; of one in a bundle there is but `default`, and all else is undefined once somebody asks for it.
 * Throws when our own code does that.
 */
function assertNamesAreThere({ inputs }: Metafile): void {
  for (const [file, { imports }] of Object.entries(inputs))
    for (const { kind, path } of imports)
      if (kind === 'dynamic-import' && !file.includes('node_modules/') && inputs[path]?.format === 'cjs' && !path.includes(namelessPackage))
        throw new Error(
          `${file} imports ${path} by import(), whose names a bundle does not have: import it at the top, or give it an alias`,
        );
}

/** Both programs as they are shipped: `dist/agent/main.js` and `dist/coordinator/main.js`. */
export async function bundlePrograms(installation: string): Promise<void> {
  const agent = { main: 'dist/apps/agent/src/main.js' };
  const coordinator = { main: 'dist/apps/coordinator/src/main.js' };
  await Promise.all([
    bundle({ installation, programs: agent, to: 'dist/agent', withThreads: true }),
    // TypeORM knows migrations by the names of their classes: a bundler that renames one would have it run again.
    bundle({ installation, programs: coordinator, to: 'dist/coordinator', external: absent, keepNames: true }),
  ]);
}

if (import.meta.main) await bundlePrograms(join(import.meta.dirname, '../..'));
