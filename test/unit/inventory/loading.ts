import type { Inventory } from '../../../src/inventory/inventory.ts';
import { inventoryFromDocuments, type LoadedInventory } from '../../../src/inventory/load.ts';

/** Loads documents from memory; they are called `0.json`, `1.json` … in messages. */
export function load(...contents: readonly unknown[]): LoadedInventory {
  return inventoryFromDocuments(contents.map((content, i) => ({ file: `${i}.json`, content })));
}

/** The one version of an inventory without version folders. */
export function only(loaded: LoadedInventory): Inventory {
  const [version] = loaded.versions;
  if (version === undefined || loaded.versions.length !== 1) throw new Error('expected one version');
  return version;
}

/** `file path: message` of every warning. */
export function warningsOf(loaded: LoadedInventory): string[] {
  return loaded.warnings.map((w) => `${w.file} ${w.path}: ${w.message}`);
}
