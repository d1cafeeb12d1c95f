import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A Jest reporter that leaves the totals of its run in a directory, for `npm test` to add up. */
export default class JestTotals {
  constructor(_globalConfig, { directory }) {
    this.directory = directory;
  }

  onRunComplete(contexts, results) {
    const [context] = contexts;
    const project = context?.config.displayName?.name ?? 'unnamed';
    const totals = {
      project,
      passed: results.numPassedTests,
      // A suite that could not even be read ran no test, but has failed all the same.
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
      seconds: (Date.now() - results.startTime) / 1000,
      failures: results.testResults.map(({ failureMessage }) => failureMessage).filter(Boolean),
    };
    mkdirSync(this.directory, { recursive: true });
    // Whole or not at all: it is read as soon as it is there.
    const draft = join(this.directory, `${project}.draft`);
    writeFileSync(draft, JSON.stringify(totals));
    renameSync(draft, join(this.directory, `${project}.json`));
  }
}
