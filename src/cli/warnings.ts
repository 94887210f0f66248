import type { InventoryWarning } from '../inventory/inventory.ts';

/** Warnings shown without --verbose. */
const WARNINGS_SHOWN = 10;

/** Odd but readable configuration, one line each on stderr. */
export function printWarnings(warnings: readonly InventoryWarning[], all: boolean): void {
  const texts = warnings.map(({ file, path, message }) => `${file}: ${path}: ${message}`);
  printTexts(texts, all);
}

/** Warnings that are whole already. */
export function printTexts(warnings: readonly string[], all: boolean): void {
  const shown = all ? warnings : warnings.slice(0, WARNINGS_SHOWN);
  for (const text of shown) process.stderr.write(`flowtrie: warning: ${text}\n`);
  if (shown.length < warnings.length) {
    process.stderr.write(`flowtrie: warning: ${warnings.length - shown.length} more; -v shows all\n`);
  }
}
