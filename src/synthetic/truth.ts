// typed-array kernel: one truth row per data line
import { KIND } from '../model/verdict.ts';
import { type Fragments, packFragments, putAddress, putFragment, putNumber, putRange } from './bytes.ts';
import { element } from './random.ts';
import { podName, type World } from './world.ts';

/** Longest row: two pod names of at most 2 × 253 characters, and small things. */
export const TRUTH_BYTES_MAX = 2048;

const TRUTH_COLUMNS = [
  'file',
  'line',
  'status',
  'eni',
  'src_addr',
  'dst_addr',
  'src_kind',
  'src_pod',
  'dst_kind',
  'dst_pod',
  'direction',
  'role',
  'observed',
  'expected',
  'layer',
  'drift',
  'ladder',
  'visible',
] as const;

const LAYERS = ['none', 'sg', 'nacl'] as const;
export const Status = { ok: 0, nodata: 1, skipdata: 2 } as const;
const STATUS_WORDS = ['ok', 'nodata', 'skipdata'] as const;

/** What is true of one data line, beside its addresses. */
export interface Truth {
  status: number;
  /** Codes of model/verdict's KIND. */
  srcKind: number;
  dstKind: number;
  /** Index into the world's lives, −1 = no pod. */
  srcLife: number;
  dstLife: number;
  egress: boolean;
  reply: boolean;
  observedReject: boolean;
  /** The rules deny it. */
  denied: boolean;
  /** Index into LAYERS: the layer that denies. */
  layer: number;
  drift: boolean;
  /** The contract's role ladder must give the true role. */
  sure: boolean;
  srcVisible: boolean;
  dstVisible: boolean;
}

// bits of a packed row: status 0–1, kinds 2–5 and 6–9, then one flag each, layer 18–19
const Bit = {
  egress: 10,
  reply: 11,
  reject: 12,
  denied: 13,
  drift: 14,
  sure: 15,
  src: 16,
  dst: 17,
  layer: 18,
} as const;

export function packTruth(truth: Truth): number {
  return (
    truth.status |
    (truth.srcKind << 2) |
    (truth.dstKind << 6) |
    (Number(truth.egress) << Bit.egress) |
    (Number(truth.reply) << Bit.reply) |
    (Number(truth.observedReject) << Bit.reject) |
    (Number(truth.denied) << Bit.denied) |
    (Number(truth.drift) << Bit.drift) |
    (Number(truth.sure) << Bit.sure) |
    (Number(truth.srcVisible) << Bit.src) |
    (Number(truth.dstVisible) << Bit.dst) |
    (truth.layer << Bit.layer)
  );
}

const KINDS = packFragments(KIND);
const STATUSES = packFragments(STATUS_WORDS);
const LAYER_WORDS = packFragments(LAYERS);
const VISIBLE = packFragments(['none', 'src', 'dst', 'both']);
const words = (zero: string, one: string): Fragments => packFragments([zero, one]);
const DIRECTIONS = words('ingress', 'egress');
const ROLES = words('request', 'reply');
const ACTIONS = words('ACCEPT', 'REJECT');
const EXPECTED = words('allow', 'deny');
const LADDER = words('unsure', 'sure');
const COMMA = 44;

/** Writes rows of `truth.csv`; pod names are made once a pod. */
export class TruthRows {
  private readonly world: World;
  private readonly eniIds: Fragments;
  private readonly pods: (Uint8Array | undefined)[] = [];

  constructor(world: World) {
    this.world = world;
    this.eniIds = packFragments(world.enis.map((eni) => eni.id));
  }

  header(): string {
    return `${TRUTH_COLUMNS.join(',')}\n`;
  }

  /** `file` ends in a comma. Returns the place behind the newline. */
  put(
    out: Uint8Array,
    from: number,
    file: Uint8Array,
    line: number,
    eni: number,
    src: number,
    dst: number,
    srcLife: number,
    dstLife: number,
    bits: number,
  ): number {
    let at = putRange(out, from, file, 0, file.length);
    at = comma(out, putNumber(out, at, line));
    at = comma(out, putFragment(out, at, STATUSES, bits & 3));
    at = comma(out, putFragment(out, at, this.eniIds, eni));
    if ((bits & 3) !== Status.ok) {
      for (let i = 4; i < 15; i++) out[at++] = COMMA;
      at = comma(out, putNumber(out, at, 0));
      out[at++] = COMMA;
      out[at] = 10;
      return at + 1;
    }
    at = comma(out, putAddress(out, at, src));
    at = comma(out, putAddress(out, at, dst));
    at = comma(out, putFragment(out, at, KINDS, (bits >>> 2) & 15));
    at = comma(out, this.putPod(out, at, srcLife));
    at = comma(out, putFragment(out, at, KINDS, (bits >>> 6) & 15));
    at = comma(out, this.putPod(out, at, dstLife));
    at = comma(out, putFragment(out, at, DIRECTIONS, (bits >>> Bit.egress) & 1));
    at = comma(out, putFragment(out, at, ROLES, (bits >>> Bit.reply) & 1));
    at = comma(out, putFragment(out, at, ACTIONS, (bits >>> Bit.reject) & 1));
    at = comma(out, putFragment(out, at, EXPECTED, (bits >>> Bit.denied) & 1));
    at = comma(out, putFragment(out, at, LAYER_WORDS, (bits >>> Bit.layer) & 3));
    at = comma(out, putNumber(out, at, (bits >>> Bit.drift) & 1));
    at = comma(out, putFragment(out, at, LADDER, (bits >>> Bit.sure) & 1));
    at = putFragment(out, at, VISIBLE, (bits >>> Bit.src) & 3);
    out[at] = 10;
    return at + 1;
  }

  private putPod(out: Uint8Array, at: number, life: number): number {
    if (life < 0) return at;
    let name = this.pods[life];
    if (name === undefined) {
      const { namespace } = element(this.world.workloads, this.world.lives.workload[life] ?? -1);
      name = Buffer.from(`${namespace}/${podName(this.world, life)}`);
      this.pods[life] = name;
    }
    return putRange(out, at, name, 0, name.length);
  }
}

function comma(out: Uint8Array, at: number): number {
  out[at] = COMMA;
  return at + 1;
}
