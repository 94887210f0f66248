import { FlowtrieError } from '../model/errors.ts';
import { DEFAULT_FORMAT, FIELDS } from '../model/flow.ts';

/** What a world is made from. Equal options give equal bytes. */
export interface WorldOptions {
  readonly seed: number;
  readonly nodes: number;
  /** Pods with an address of their own, alive at a time; hostNetwork daemons come on top, one of each per node. */
  readonly pods: number;
  /** Length of the time span. */
  readonly hours: number;
  /** Inbound rules of each security group besides those that traffic uses: partners that never come (default 0). */
  readonly partners?: number;
  /** Every pod is replaced after about so long; null = some workloads' pods a few times in the span. */
  readonly lifeSeconds?: number | null;
}

/** How much traffic, and in what form. */
export interface LogOptions {
  /** Data lines over all files, NODATA and SKIPDATA lines included. */
  readonly records: number;
  readonly files: number;
  /** Field names in line order. */
  readonly fields: readonly string[];
  readonly gzip: boolean;
  /** Share of lines whose observed action contradicts the rules. */
  readonly drift: number;
  /** Share of lines that the rules reject. */
  readonly reject: number;
  readonly truth: boolean;
}

/** Kubernetes' own default limit is 110; AWS recommends 250 at most with prefix delegation. */
const PODS_PER_NODE_MAX = 250;
const PODS_PER_NODE = 20;
const NODES_MIN = 4;
const MINUTES_PER_FILE = 5;

export function defaultNodes(pods: number): number {
  return Math.max(NODES_MIN, Math.ceil(pods / PODS_PER_NODE));
}

/** AWS publishes a file every five minutes. */
export function defaultFiles(hours: number): number {
  return Math.max(1, Math.ceil((hours * 60) / MINUTES_PER_FILE));
}

/** Refuses a cluster that could not exist. */
export function checkWorldOptions({ nodes, pods }: WorldOptions): void {
  if (pods > nodes * PODS_PER_NODE_MAX) {
    const least = Math.ceil(pods / PODS_PER_NODE_MAX);
    throw new FlowtrieError('usage', `--nodes: ${pods} pods need at least ${least} nodes, got ${nodes}`);
  }
}

/** Fields of `--format`: `v2`, `v5` (the 29 fields of versions 2 to 5), or AWS's own `${name} ${name} …`. */
export function formatFields(text: string): readonly string[] {
  if (text === 'v2') return DEFAULT_FORMAT;
  if (text === 'v5') return FIELDS.filter((field) => field.version <= 5).map((field) => field.name);
  const names = text.trim().split(/\s+/);
  for (const word of names) {
    const name = /^\$\{([a-z0-9-]+)\}$/.exec(word)?.[1];
    if (name === undefined || !FIELDS.some((field) => field.name === name)) {
      throw new FlowtrieError('usage', `--format: expected v2, v5 or '\${field} \${field} …', got '${word}'`);
    }
    if (names.indexOf(word) !== names.lastIndexOf(word))
      throw new FlowtrieError('usage', `--format: '${word}' stands twice`);
  }
  return names.map((word) => word.slice(2, -1));
}
