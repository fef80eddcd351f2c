/**
 * Import boundaries. Arrows point down only:
 *   apps → engine, swarm → vault, crypto, durability, contracts → kernel
 * Each rule says why it is there; test/boundaries proves on a fixture tree that each one fires.
 * `HOLDFAST_BOUNDARY_ROOT` (a regular-expression prefix) lets that fixture tree stand for the repository.
 */
const root = process.env.HOLDFAST_BOUNDARY_ROOT ?? '';
const at = (path) => `^${root}${path}`;

/** Libs and what each may import of the other libs. */
const layers = {
  kernel: [],
  contracts: ['kernel'],
  crypto: ['kernel', 'contracts'],
  durability: ['kernel', 'contracts'],
  vault: ['kernel', 'contracts', 'crypto'],
  engine: ['kernel', 'contracts', 'crypto', 'vault'],
  swarm: ['kernel', 'contracts', 'crypto', 'vault'],
};

const layerRules = Object.entries(layers).map(([lib, below]) => ({
  name: `${lib}-imports-only-below`,
  comment: `libs/${lib} may use ${below.length === 0 ? 'no other lib' : below.map((b) => `libs/${b}`).join(', ')}: arrows point down only, so that a lib can be read, tested and replaced with nothing above it in view.`,
  severity: 'error',
  from: { path: at(`libs/${lib}/`), pathNot: '\\.spec\\.ts$' },
  to: { path: at('libs/'), pathNot: at(`libs/(${[lib, ...below].join('|')})/`) },
}));

const onlyIn = (name, comment, packages, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { path: at('(libs|apps)/'), pathNot: [...allowed.map(at), '\\.spec\\.ts$'] },
  to: { path: `node_modules/(${packages})(/|$)` },
});

export default {
  forbidden: [
    ...layerRules,
    {
      name: 'libs-never-import-apps',
      comment: 'A lib that knows an app can serve no other one.',
      severity: 'error',
      from: { path: at('libs/') },
      to: { path: at('apps/') },
    },
    {
      name: 'apps-never-import-apps',
      comment: 'Apps are separate processes; what they share is a contract in libs/contracts.',
      severity: 'error',
      from: { path: at('apps/([^/]+)/') },
      to: { path: at('apps/([^/]+)/'), pathNot: at('apps/$1/') },
    },
    {
      name: 'libs-are-framework-free',
      comment: 'Libs also run in a browser and in plain scripts; NestJS belongs to the apps.',
      severity: 'error',
      from: { path: at('libs/') },
      to: { path: '(^|node_modules/)@nestjs/' },
    },
    onlyIn('only-crypto-imports-libsodium', 'One place decides how keys are made and used.', 'libsodium-wrappers|libsodium|sodium-native', [
      'libs/crypto/',
    ]),
    onlyIn(
      'only-swarm-imports-libp2p',
      'The network stack changes often; one lib absorbs it.',
      'helia|libp2p|@helia/[^/]+|@libp2p/[^/]+|@chainsafe/libp2p-[^/]+|kubo-rpc-client',
      ['libs/swarm/'],
    ),
    onlyIn(
      'only-database-code-imports-typeorm',
      'Services speak of decisions, not of SQL: entities, repositories, migrations and the database folder only.',
      'typeorm',
      ['apps/coordinator/src/database/', 'apps/coordinator/src/.*\\.(entity|repository|migration)\\.ts$'],
    ),
    {
      name: 'no-io-in-rules',
      comment: 'libs/durability is pure: the simulator and the coordinator must get the same answer from the same input.',
      severity: 'error',
      from: { path: at('libs/(durability|contracts)/'), pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-node-in-browser-code',
      comment: 'The vault reader and its cryptography run in a browser too.',
      severity: 'error',
      from: { path: at('libs/(vault|crypto|kernel)/src/'), pathNot: ['/src/(node|testing)/', '\\.spec\\.ts$'] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-test-doubles-in-shipped-code',
      comment: 'A test double in a shipped path would be a mock standing in for a real part.',
      severity: 'error',
      from: { path: at('(libs|apps)/'), pathNot: ['/testing/', '\\.spec\\.ts$', '/test-[^/]+\\.ts$'] },
      to: { path: '/src/testing/' },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle means that two files are one, or that a third is missing.',
      severity: 'error',
      from: { path: at('(libs|apps)/') },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['holdfast-source', 'import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'],
    },
  },
};
