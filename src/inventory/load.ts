import { FlowtrieError } from '../model/errors.ts';
import { assembleInventory } from './assemble.ts';
import type { SourceDocument } from './documents.ts';
import { mergeFacts, readFacts } from './facts.ts';
import { readInventoryFolder } from './folder.ts';
import type { Inventory, InventoryWarning } from './inventory.ts';
import { groupByVersion } from './versions.ts';
import { Warnings } from './warnings.ts';

export interface LoadedInventory {
  /** Ascending `validFrom`, at least one. */
  readonly versions: readonly Inventory[];
  readonly warnings: readonly InventoryWarning[];
}

/**
 * Reads every document of a folder. Throws FlowtrieError `inventory` when it is no folder, holds nothing that is
 * recognised, or holds a broken document or a wrong value.
 */
export async function loadInventory(folder: string): Promise<LoadedInventory> {
  const warnings = new Warnings();
  const documents = await readInventoryFolder(folder, warnings.warn);
  const { loaded, count } = assemble(documents, warnings);
  if (count === 0) {
    const expected = 'expected what aws ec2 describe-… or kubectl get … -o json print';
    throw new FlowtrieError('inventory', `${folder}: no document of this folder is recognised: ${expected}`);
  }
  return loaded;
}

/** The same from documents in memory; `file` is what messages name and where a version folder is looked for. */
export function inventoryFromDocuments(documents: readonly SourceDocument[]): LoadedInventory {
  return assemble(documents, new Warnings()).loaded;
}

function assemble(
  documents: readonly SourceDocument[],
  warnings: Warnings,
): { readonly loaded: LoadedInventory; readonly count: number } {
  const { warn } = warnings;
  const { always, versions } = groupByVersion(documents);
  const base = readFacts(always, warn);
  let count = base.count;
  const inventories = versions.map(({ validFrom, label, files }) => {
    const own = readFacts(files, warn);
    count += own.count;
    return assembleInventory(mergeFacts(own.facts, base.facts), { validFrom, label }, warn);
  });
  return { loaded: { versions: inventories, warnings: warnings.list() }, count };
}
