/** Unit and in-process tests: spec beside source, plus test/ folders that need several processes as projects of their own. */
import { readFileSync } from 'node:fs';

// .swcrc leaves specs and test doubles out of the build; here they are just what is compiled.
const { exclude: _built, ...swc } = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));
// The build rewrites './x.ts' to './x.js'; jest runs the sources themselves.
delete swc.jsc.rewriteRelativeImportExtensions;

const base = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['holdfast-source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, swcrc: false }] },
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json', 'node'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};

const project = (name, testMatch) => ({ ...base, displayName: name, testMatch });

export default {
  // For two cores: the specs that wait for other processes, disks or clocks leave enough of them for a third.
  maxWorkers: 3,
  // What a spec file loaded is never given back (nodejs/node#63186), 40 MB for one of the coordinator: a worker that has grown is replaced.
  workerIdleMemoryLimit: '1GB',
  // No measure of anything: what hangs is ended, and a busy machine is given its time. Jest hears of it here alone, not in a project; tests with processes set their own.
  testTimeout: 60_000,
  testSequencer: '<rootDir>/.ci/longest-first.mjs',
  reporters: ['default', '<rootDir>/.ci/count-reporter.mjs'],
  projects: [
    project('unit', [
      '<rootDir>/libs/**/*.spec.ts',
      '<rootDir>/apps/**/*.spec.ts',
      '<rootDir>/test/{boundaries,fuzz,simulation}/*.spec.ts',
    ]),
    project('e2e', ['<rootDir>/test/e2e/*.spec.ts']),
    project('browser', ['<rootDir>/test/browser/*.spec.ts']),
  ],
};
