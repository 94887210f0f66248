import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { packGeneration, type SharedGeneration, sameGeneration } from '../engine/generation.ts';
import {
  type CompiledInventory,
  type CompiledVersion,
  compileInventory,
  InterfaceNumbers,
} from '../engine/versions.ts';
import { type LoadedInventory, loadInventory } from '../inventory/load.ts';
import { RuleCompiler } from '../rules/compile.ts';
import { messageOf, pause, type StreamLog } from './status.ts';

/** The inventory between two swaps: what tasks carry, and the words behind the numbers. */
export interface Generation {
  readonly shared: SharedGeneration;
  readonly inventory: CompiledInventory;
}

/** What is known of the swaps so far. */
export interface InventoryState {
  readonly swaps: number;
  readonly failures: number;
  readonly versions: number;
  /** Unix seconds from which the newest version is valid; 0 = the first one. */
  readonly newestSeconds: number;
}

/** Versions that stay resident. */
const VERSIONS_RESIDENT = 8;

/** A record begins so long before it ends at most: AWS's longest aggregation interval. */
const INTERVAL_SECONDS = 600;

/**
 * A folder that is published again and again, by renaming it, a link to it or files in it. A change is loaded (of one
 * that touches rules only, just what it changes is compiled)
 * beside the inventory in force and takes its place in one step; what cannot be loaded, or changes while it is, changes
 * nothing.
 */
export class LiveInventory {
  private readonly folder: string;
  private readonly log: StreamLog;
  private readonly compiler: RuleCompiler;
  private signature: string;
  private readonly numbers = new InterfaceNumbers();
  /** A record is judged so long after its start at most. */
  private readonly keptSeconds: number;
  private generation: Generation;
  private swaps = 0;
  private failures = 0;
  private warned = '';

  private constructor(folder: string, log: StreamLog, signature: string, loaded: LoadedInventory, latenessSeconds: number) {
    // it may come that late, and then wait as long for its twin
    this.keptSeconds = INTERVAL_SECONDS + 2 * latenessSeconds;
    this.folder = folder;
    this.log = log;
    this.signature = signature;
    this.compiler = new RuleCompiler();
    this.generation = generationOf(0, compileInventory(loaded, this.compiler, this.numbers));
  }

  /**
   * Versions stay as long as records may be meant for them that come `latenessSeconds` after their end. Throws
   * FlowtrieError `inventory` when the folder cannot be loaded at the start.
   */
  static async open(folder: string, log: StreamLog, latenessSeconds: number): Promise<LiveInventory> {
    const signature = await signatureOf(folder).catch(() => '');
    return new LiveInventory(folder, log, signature, await loadInventory(folder), latenessSeconds);
  }

  /** What the next task is judged by. */
  get current(): Generation {
    return this.generation;
  }

  get state(): InventoryState {
    const { versions } = this.generation.inventory;
    const newestSeconds = versions.at(-1)?.shared.validFromSeconds ?? 0;
    return { swaps: this.swaps, failures: this.failures, versions: versions.length, newestSeconds };
  }

  /** Looks at the folder every `seconds` until the signal is raised. */
  async watch(seconds: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(seconds * 1000, signal);
      if (!signal.aborted) await this.look(Math.floor(Date.now() / 1000));
    }
  }

  /** Loads the folder when it has changed; `now`, Unix seconds, is from when an unnamed version is valid. */
  async look(now: number): Promise<void> {
    try {
      const before = await signatureOf(this.folder);
      if (before === this.signature) return;
      const loaded = await loadInventory(this.folder);
      // changed while it was read: what was read may be half of each, the next look will tell
      if ((await signatureOf(this.folder)) !== before) return;
      this.signature = before;
      this.swap(loaded, now);
      this.warned = '';
    } catch (error) {
      this.failures++;
      const message = messageOf(error);
      if (message !== this.warned) this.log('warn', 'inventory not loaded, the one before stays in force', { message });
      this.warned = message;
    }
  }

  private swap(loaded: LoadedInventory, now: number): void {
    const { versions: before } = this.generation.inventory;
    const { versions, warnings } = compileInventory(loaded, this.compiler, this.numbers);
    const named = versions.some(({ inventory }) => inventory.validFrom !== null);
    const next = withinLateness(named ? versions : appended(before, versions, now), now - this.keptSeconds);
    const generation = generationOf(this.generation.shared.id + 1, { versions: next, warnings });
    if (sameGeneration(generation.shared, this.generation.shared)) return;
    this.generation = generation;
    this.numbers.keep(next);
    this.swaps++;
    const labels = next.map(({ shared }) => shared.label);
    this.log('info', 'inventory swapped', {
      generation: generation.shared.id,
      versions: labels,
      warnings: warnings.length,
    });
  }
}

function generationOf(id: number, inventory: CompiledInventory): Generation {
  const shared = inventory.versions.map((version) => version.shared);
  return { shared: packGeneration(id, shared), inventory };
}

/** An inventory without instants is valid from when it was found; one that says the same as the last is no version. */
function appended(
  before: readonly CompiledVersion[],
  versions: readonly CompiledVersion[],
  now: number,
): readonly CompiledVersion[] {
  const label = new Date(now * 1000).toISOString().replace('.000Z', 'Z');
  const fresh = versions.map((version) => {
    return { ...version, shared: { ...version.shared, validFromSeconds: now, label } };
  });
  const last = before.at(-1);
  const [first] = fresh;
  if (last !== undefined && first !== undefined) {
    const alike = { ...first.shared, validFromSeconds: last.shared.validFromSeconds, label: last.shared.label };
    if (sameGeneration(packGeneration(0, [alike]), packGeneration(0, [last.shared]))) return before;
  }
  // two within a second: the later one counts
  return [...before.filter(({ shared }) => shared.validFromSeconds < now), ...fresh];
}

/** Without versions that no record can be meant for any more; the first of the rest also takes what is older. */
function withinLateness(versions: readonly CompiledVersion[], since: number): readonly CompiledVersion[] {
  const inTime = versions.filter((_, i) => {
    const until = versions[i + 1]?.shared.validFromSeconds ?? Number.POSITIVE_INFINITY;
    return until > since;
  });
  return inTime
    .slice(-VERSIONS_RESIDENT)
    .map((version, i) => (i === 0 ? { ...version, shared: { ...version.shared, validFromSeconds: 0 } } : version));
}

/** Changes whenever a file below the folder is added, removed, renamed or written. Links are followed. */
async function signatureOf(folder: string): Promise<string> {
  const parts: string[] = [];
  const visited = new Set<string>();
  const visit = async (path: string): Promise<void> => {
    const real = await realpath(path);
    if (visited.has(real)) return;
    visited.add(real);
    for (const name of (await readdir(path)).sort()) {
      if (name.startsWith('.')) continue;
      const below = join(path, name);
      const entry = await stat(below, { bigint: true });
      if (entry.isDirectory()) await visit(below);
      else parts.push(`${below}\0${entry.ino}\0${entry.size}\0${entry.mtimeNs}`);
    }
  };
  await visit(folder);
  return parts.join('\n');
}
