import { generateWorld } from './cluster.ts';
import { clearEarlierResult } from './earlier-result.ts';
import { writeWorld } from './inventory-files.ts';
import { writeLogs } from './logs.ts';
import type { LogOptions, WorldOptions } from './options.ts';
import type { HistoryKind } from './pod-histories.ts';

/** What `generate` wrote. */
export interface Generated {
  readonly nodes: number;
  /** Pods that lived in the span, hostNetwork daemons included. */
  readonly pods: number;
  /** Log files. */
  readonly files: number;
  /** Data lines over all of them. */
  readonly lines: number;
  /** Lines whose record the rules deny. */
  readonly denied: number;
  /** Lines whose logged action contradicts the rules. */
  readonly drifts: number;
  /** NODATA and SKIPDATA lines. */
  readonly silent: number;
}

/**
 * Writes `DIR/inventory/`, `DIR/logs/` and, if wanted, `DIR/truth.csv` in place of an earlier result. With `histories`
 * pods are told in those forms only. Throws FlowtrieError `usage` for a cluster that could not exist, or where files
 * stand in the way that flowtrie did not make.
 */
export async function generate(
  dir: string,
  cluster: WorldOptions,
  logs: LogOptions,
  histories: readonly HistoryKind[] = [],
): Promise<Generated> {
  const world = generateWorld(cluster);
  clearEarlierResult(dir);
  await writeWorld(world, dir, histories);
  const written = await writeLogs(world, dir, logs);
  return { ...written, nodes: world.nodes.length, pods: world.lives.count };
}
