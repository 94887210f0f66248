import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { packGeneration, type SharedGeneration, sameGeneration } from '../engine/generation.ts';
import {
  type CompiledInventory,
  type CompiledVersion,
  compileInventory,
  InterfaceNumbers,
} from '../engine/versions.ts';
import type { SourceDocument } from '../inventory/documents.ts';
import type { LivePods } from '../inventory/live-pods.ts';
import { assembleFolder, type ReadFolder, readFolder } from '../inventory/load.ts';
import { messageOf } from '../model/errors.ts';
import { RuleCompiler } from '../rules/compile.ts';
import { pause, type StreamLog } from './status.ts';

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
  /** What the API server tells of pods; null = it is not asked. */
  private readonly pods: LivePods | null;
  /** Revision of the pods that are in force. */
  private revision = 0;
  /** With live pods every version is put together again when they change: what its folder held, and since when. */
  private contents: readonly { readonly from: number; readonly read: ReadFolder }[];
  private generation: Generation;
  private swaps = 0;
  private failures = 0;
  private warned = '';

  private constructor(
    folder: string,
    log: StreamLog,
    signature: string,
    read: ReadFolder,
    latenessSeconds: number,
    pods: LivePods | null,
  ) {
    this.pods = pods;
    this.contents = pods === null ? [] : [{ from: 0, read }];
    // it may come that late, and then wait as long for its twin
    this.keptSeconds = INTERVAL_SECONDS + 2 * latenessSeconds;
    this.folder = folder;
    this.log = log;
    this.signature = signature;
    this.compiler = new RuleCompiler();
    this.generation = generationOf(0, this.compiled(read, []));
  }

  /**
   * Versions stay as long as records may be meant for them that come `latenessSeconds` after their end. Throws
   * FlowtrieError `inventory` when the folder cannot be loaded at the start.
   */
  static async open(
    folder: string,
    log: StreamLog,
    latenessSeconds: number,
    pods: LivePods | null,
  ): Promise<LiveInventory> {
    const signature = await signatureOf(folder).catch(() => '');
    return new LiveInventory(folder, log, signature, await readFolder(folder), latenessSeconds, pods);
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

  /**
   * Loads the folder when it has changed, or pods have; `now`, Unix seconds, is from when an unnamed version is valid.
   */
  async look(now: number): Promise<void> {
    try {
      const before = await signatureOf(this.folder);
      const revision = this.pods?.revision ?? 0;
      const moved = before !== this.signature;
      if (!moved && revision === this.revision) return;
      const read = moved ? await readFolder(this.folder) : null;
      // changed while it was read: what was read may be half of each, the next look will tell
      if (moved && (await signatureOf(this.folder)) !== before) return;
      const compiled = this.compile(read, now);
      this.signature = before;
      this.revision = revision;
      this.swap(compiled, now);
      this.warned = '';
    } catch (error) {
      this.failures++;
      const message = messageOf(error);
      if (message !== this.warned) this.log('warn', 'inventory not loaded, the one before stays in force', { message });
      this.warned = message;
    }
  }

  /** The versions of a folder that was just read; null = only what is known of pods has changed. */
  private compile(read: ReadFolder | null, now: number): CompiledInventory {
    const { pods } = this;
    if (pods === null) {
      if (read === null) return this.generation.inventory;
      const { versions, warnings } = this.compiled(read, []);
      const before = this.generation.inventory.versions;
      return { versions: isNamed(versions) ? versions : appended(before, versions, now), warnings };
    }
    if (read !== null) this.contents = [...this.contents.filter(({ from }) => from < now), { from: now, read }];
    pods.forget(now - this.keptSeconds);
    this.contents = withinLateness(this.contents, ({ from }) => from, now - this.keptSeconds);
    const history = [pods.document()];
    const compiled = this.contents.map(({ from, read: folder }) => {
      const inventory = this.compiled(folder, history);
      return { ...inventory, from };
    });
    const newest = compiled.at(-1);
    const warnings = newest?.warnings ?? [];
    if (newest !== undefined && isNamed(newest.versions)) return { versions: newest.versions, warnings };
    return {
      versions: compiled.flatMap(({ versions, from }) => versions.map((one) => validFrom(one, from))),
      warnings,
    };
  }

  private compiled(read: ReadFolder, more: readonly SourceDocument[]): CompiledInventory {
    return compileInventory(assembleFolder(read, more), this.compiler, this.numbers);
  }

  private swap({ versions, warnings }: CompiledInventory, now: number): void {
    const next = withinLateness(versions, ({ shared }) => shared.validFromSeconds, now - this.keptSeconds).map(
      (version, i) => (i === 0 ? { ...version, shared: { ...version.shared, validFromSeconds: 0 } } : version),
    );
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

function isNamed(versions: readonly CompiledVersion[]): boolean {
  return versions.some(({ inventory }) => inventory.validFrom !== null);
}

/** A version named by when it was found; what was there at the start has no name. */
function validFrom(version: CompiledVersion, seconds: number): CompiledVersion {
  if (seconds === 0) return version;
  const label = new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
  return { ...version, shared: { ...version.shared, validFromSeconds: seconds, label } };
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
  const fresh = versions.map((version) => validFrom(version, now));
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
function withinLateness<T>(versions: readonly T[], from: (version: T) => number, since: number): readonly T[] {
  const inTime = versions.filter((_, i) => {
    const next = versions[i + 1];
    return next === undefined || from(next) > since;
  });
  return inTime.slice(-VERSIONS_RESIDENT);
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
