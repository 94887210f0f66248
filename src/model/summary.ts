import type { Ledger } from './ledger.ts';
import type { Attribution, Drift, DriftCause, Kind, Layer, Path, RoleBasis } from './verdict.ts';

/** What a record can be predicted to be; every judged record is one of them. */
export const PREDICTED = ['allow', 'deny', 'unknown', 'exempt'] as const;
export type Predicted = (typeof PREDICTED)[number];

/** Action that AWS logged; `none` = the record has no action. */
export const OBSERVED = ['ACCEPT', 'REJECT', 'none'] as const;
export type Observed = (typeof OBSERVED)[number];

/** Records, bytes and packets of a group. */
export interface GroupSums {
  readonly records: number;
  readonly bytes: number;
  readonly packets: number;
}

/** Evidence about one rule. */
export interface RuleSummary {
  readonly id: string;
  readonly layer: Layer;
  /** Records it decided in its layer. */
  readonly decided: number;
  /** Records it matched, decided or not. */
  readonly matched: number;
  /** Bytes of the records it decided. */
  readonly bytes: number;
  /** RFC 3339, UTC; null = no record with a time. */
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
}

/** Traffic between two owners: `namespace/workload`, `node …`, `load-balancer …`, or a kind. */
export interface WorkloadSummary extends GroupSums {
  readonly src: string;
  readonly dst: string;
}

/** An address that sent, with its owner. */
export interface TalkerSummary extends GroupSums {
  readonly address: string;
  readonly owner: string;
}

/** Rejected traffic between two ends on one port. */
export interface RejectSummary {
  /** Addresses; empty for an end that has a name (a workload, a node, a load balancer …): one row for all of it. */
  readonly src: string;
  readonly dst: string;
  readonly srcOwner: string;
  readonly dstOwner: string;
  readonly dstPort: number;
  /** IANA protocol number. */
  readonly protocol: number;
  readonly records: number;
  /** Rule that decided, `implicit-deny`, or null when no deny was predicted. */
  readonly rule: string | null;
}

export interface PathSummary {
  readonly path: Path;
  readonly records: number;
  readonly bytes: number;
}

/** Result of a run: the JSON document of `--json` and what the terminal tables are made from. Counts are records. */
export interface Summary {
  readonly input: { readonly files: number; readonly bytes: number; readonly lines: number };
  readonly ledger: Ledger;
  readonly predicted: Readonly<Record<Predicted, number>>;
  /** Logged action × prediction. */
  readonly observed: Readonly<Record<Observed, Readonly<Record<Predicted, number>>>>;
  readonly drift: Readonly<Record<Drift, number>> & {
    readonly causes: Readonly<Partial<Record<Exclude<DriftCause, 'null'>, number>>>;
  };
  readonly roleBasis: Readonly<Record<RoleBasis, number>>;
  /** Records that agree only because one of two roles was allowed (role basis `policy`). */
  readonly agreeOnPolicy: number;
  /** Ends of records (two a record) by how sure their owner is, and by kind. */
  readonly attribution: Readonly<Record<Attribution, number>>;
  readonly kinds: Readonly<Record<Kind, number>>;
  readonly rules: readonly RuleSummary[];
  readonly top: {
    readonly workloads: readonly WorkloadSummary[];
    readonly talkers: readonly TalkerSummary[];
    readonly rejects: readonly RejectSummary[];
    readonly paths: readonly PathSummary[];
    /** What the bounded group tables folded together, so that the lists can be told from complete ones. */
    readonly others: {
      readonly workloads: GroupSums;
      readonly talkers: GroupSums;
      readonly rejects: GroupSums;
    };
  };
  readonly inventory: {
    readonly versions: number;
    readonly enis: number;
    readonly rules: number;
    readonly pods: number;
  };
  readonly elapsedSeconds: number;
  readonly recordsPerSecond: number;
}
