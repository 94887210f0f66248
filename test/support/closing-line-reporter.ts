import type { Reporter, TestModule } from 'vitest/node';

/** Tests by outcome; what breaks outside a test (a file that does not load, a hook, a stray rejection) is a failure. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** `N passed, N failed`, and `, N skipped` when there are any. */
export function closingLine(counts: Counts): string {
  const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
  return `${counts.passed} passed, ${counts.failed} failed${skipped}`;
}

/** Prints the closing line as the last line of the run: at process exit, after whatever the other reporters print. */
export function closingLineReporter(): Reporter {
  // a run that ends without its end report is not a success
  let counts: Counts = { passed: 0, failed: 1, skipped: 0 };
  let started = false;
  return {
    onTestRunStart() {
      if (started) return;
      started = true;
      process.on('exit', () => process.stdout.write(`${closingLine(counts)}\n`));
    },
    onTestRunEnd(modules, unhandledErrors, reason) {
      counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
      for (const module of modules) addModule(counts, module);
      if (reason === 'failed' && counts.failed === 0) counts.failed = 1;
    },
  };
}

/** A test that never finished counts as failed. */
function addModule(counts: Counts, module: TestModule): void {
  if (module.errors().length > 0) counts.failed++;
  for (const suite of module.children.allSuites()) {
    if (suite.errors().length > 0) counts.failed++;
  }
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') counts.passed++;
    else if (state === 'skipped') counts.skipped++;
    else counts.failed++;
  }
}
