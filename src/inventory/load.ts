import { FlowtrieError } from '../model/errors.ts';
import { assembleInventory } from './assemble.ts';
import type { SourceDocument } from './documents.ts';
import { mergeFacts, readFacts } from './facts.ts';
import { readInventoryFolder } from './folder.ts';
import type { Inventory, InventoryWarning } from './inventory.ts';
import { podEvidence, podsWithin } from './pod-evidence.ts';
import { livesOf } from './pod-lives.ts';
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
  return assembleFolder(await readFolder(folder), []);
}

/** What a folder holds, before it is put together. */
export interface ReadFolder {
  readonly folder: string;
  readonly documents: readonly SourceDocument[];
  readonly warnings: readonly InventoryWarning[];
}

/** Reads every document of a folder; throws as `loadInventory` does. */
export async function readFolder(folder: string): Promise<ReadFolder> {
  const warnings = new Warnings();
  const documents = await readInventoryFolder(folder, warnings.warn);
  return { folder, documents, warnings: warnings.list() };
}

/** The inventory of a folder and of documents from elsewhere. */
export function assembleFolder(read: ReadFolder, more: readonly SourceDocument[]): LoadedInventory {
  const { loaded, count } = assemble([...read.documents, ...more], new Warnings());
  if (count === 0) {
    const expected = 'expected what aws ec2 describe-… or kubectl get … -o json print';
    throw new FlowtrieError('inventory', `${read.folder}: no document of this folder is recognised: ${expected}`);
  }
  return { ...loaded, warnings: [...read.warnings, ...loaded.warnings] };
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
  const own = versions.map(({ files }) => readFacts(files, warn));
  const count = [base, ...own].reduce((sum, facts) => sum + facts.count, 0);
  const dated = versions.map(({ validFrom }, i) => ({ at: validFrom, facts: own[i]?.facts ?? base.facts }));
  const histories = [base, ...own].flatMap(({ facts }) => facts.podEvents);
  const pods = [...podEvidence([{ at: null, facts: base.facts }, ...dated]), ...livesOf(histories, warn)];
  const inventories = versions.map(({ validFrom, label }, i) => {
    // the first version also judges what came before it
    const [from, to] = [i === 0 ? null : validFrom, versions[i + 1]?.validFrom ?? null];
    const facts = mergeFacts(own[i]?.facts ?? base.facts, base.facts);
    return assembleInventory(facts, podsWithin(pods, from, to), { validFrom, label }, warn);
  });
  return { loaded: { versions: inventories, warnings: warnings.list() }, count };
}
