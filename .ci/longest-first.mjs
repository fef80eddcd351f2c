/**
 * On a clean clone Jest knows no durations and takes large files first; a small file may hold the longest test, and then runs at the end beside an idle core. These start first.
 * Where Jest has measured for itself, its order is about the same. Seconds on a busy machine of two cores; what is left out here only ends later.
 */
import { relative } from 'node:path';
import TestSequencer from '@jest/test-sequencer';

const seconds = {
  'test/browser/panel.spec.ts': 97,
  'test/browser/give-back.spec.ts': 59,
  'test/browser/storage.spec.ts': 51,
  'test/browser/rebuild.spec.ts': 31,
  'test/e2e/clock.spec.ts': 119,
  'test/e2e/kills.spec.ts': 105,
  'test/e2e/coordinator-lost.spec.ts': 83,
  'test/e2e/full-disk.spec.ts': 75,
  'test/e2e/rebuild.spec.ts': 72,
  'test/e2e/clear-errors.spec.ts': 62,
  'libs/swarm/src/pack-transfer/hostile.spec.ts': 60,
  'test/e2e/corruption.spec.ts': 59,
  'test/e2e/shed.spec.ts': 56,
  'test/e2e/first-flow.spec.ts': 53,
  'test/e2e/hung-mount.spec.ts': 51,
  'libs/engine/src/backup/kill.spec.ts': 48,
  'test/e2e/release.spec.ts': 48,
  'libs/engine/src/repair/repair-index.spec.ts': 42,
  'test/e2e/without-daemon.spec.ts': 38,
  'test/e2e/history.spec.ts': 37,
  'test/e2e/strangers.spec.ts': 34,
  'test/e2e/limits.spec.ts': 24,
};

const expected = ({ path, context }) => seconds[relative(context.config.rootDir, path)] ?? 0;

export default class LongestFirst extends TestSequencer {
  async sort(tests) {
    const usual = await super.sort(tests);
    return usual.toSorted((a, b) => expected(b) - expected(a));
  }
}
