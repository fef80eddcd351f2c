/**
 * Appends each jest run's real counts to the file named by HOLDFAST_TEST_COUNTS, so that .ci/run can add them up, and what failed to
 * the file named by HOLDFAST_TEST_FAILURES, so that .ci/run can say it once more at its end.
 */
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** Enough of a failure to know what it is; the whole stands further up. */
const LINES_A_FAILURE = 30;

export default class CountReporter {
  onTestResult(_test, { testFilePath, testResults, testExecError }) {
    const file = process.env.HOLDFAST_TEST_FAILURES;
    if (!file) return;
    const failed = testResults.filter(({ status }) => status === 'failed').map((one) => [one.fullName, one.failureMessages.join('\n')]);
    if (testExecError) failed.push(['could not run', testExecError.stack ?? testExecError.message ?? String(testExecError)]);
    for (const [name, text] of failed) {
      const lines = stripVTControlCharacters(text).split('\n').slice(0, LINES_A_FAILURE);
      appendFileSync(file, `--- ${relative(process.cwd(), testFilePath)}: ${name}\n${lines.join('\n')}\n`);
    }
  }

  onRunComplete(_contexts, results) {
    const file = process.env.HOLDFAST_TEST_COUNTS;
    if (!file) return;
    // A suite that could not even start has no failed test of its own: it counts as one.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    appendFileSync(file, `${results.numPassedTests} ${failed} ${skipped}\n`);
  }
}
