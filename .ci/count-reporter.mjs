/** Appends each jest run's real counts to the file named by HOLDFAST_TEST_COUNTS, so that .ci/run can add them up. */
import { appendFileSync } from 'node:fs';

export default class CountReporter {
  onRunComplete(_contexts, results) {
    const file = process.env.HOLDFAST_TEST_COUNTS;
    if (!file) return;
    // A suite that could not even start has no failed test of its own: it counts as one.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    appendFileSync(file, `${results.numPassedTests} ${failed} ${skipped}\n`);
  }
}
