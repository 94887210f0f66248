import { FIELDS } from '../model/flow.ts';
import { type Fragments, packFragments, putAddress, putFragment, putNumber } from './bytes.ts';
import { ACCOUNT, REGION, ZONES } from './plan.ts';
import { element } from './random.ts';
import { type Eni, showsOwnAddress, type World } from './world.ts';

/** Longest line: 64 fields of at most 40 characters. */
export const LINE_BYTES_MAX = 4096;

/** One record before it is written: the packet as it was. One object, filled again and again. */
export interface Leg {
  /** Index of the interface that logs. */
  eni: number;
  egress: boolean;
  reply: boolean;
  /** Packet addresses, u32. */
  src: number;
  dst: number;
  srcPort: number;
  dstPort: number;
  protocol: number;
  packets: number;
  bytes: number;
  /** Unix seconds. */
  start: number;
  end: number;
  observedReject: boolean;
  tcpFlags: number;
  /** AWS's traffic-path of an egress record; 0 = `-`. */
  trafficPath: number;
  srcAws: boolean;
  dstAws: boolean;
}

/** What a format shows of a packet. */
export interface Shown {
  readonly ports: boolean;
  readonly tcpFlags: boolean;
  readonly srcAddr: boolean;
  readonly dstAddr: boolean;
  readonly pktSrcAddr: boolean;
  readonly pktDstAddr: boolean;
  readonly pktSrcAwsService: boolean;
  readonly pktDstAwsService: boolean;
}

/** Fields written per record; 0 = text that is the same in every record of an interface. */
const OPS = [
  'constant',
  'srcaddr',
  'dstaddr',
  'srcport',
  'dstport',
  'protocol',
  'packets',
  'bytes',
  'start',
  'end',
  'action',
  'tcp-flags',
  'pkt-srcaddr',
  'pkt-dstaddr',
  'pkt-src-aws-service',
  'pkt-dst-aws-service',
  'flow-direction',
  'traffic-path',
] as const;

const SPACE = 32;
const DASH = 45;
const NEWLINE = 10;
const WORDS = packFragments(['ACCEPT', 'REJECT', 'ingress', 'egress', 'S3']);

/** Writes records of one world in one format as lines of text. */
export class RecordFormat {
  readonly fields: readonly string[];
  readonly shown: Shown;
  private readonly ops: Uint8Array;
  private readonly enis: readonly Eni[];
  /** Constant texts: run r of interface e is fragment r × interfaces + e; each ends in a space. */
  private readonly constants: Fragments;
  private readonly world: World;

  constructor(world: World, fields: readonly string[]) {
    this.world = world;
    this.enis = world.enis;
    this.fields = fields;
    const has = (name: string): boolean => fields.includes(name);
    this.shown = {
      ports: has('srcport') && has('dstport') && has('protocol') && has('action'),
      tcpFlags: has('tcp-flags'),
      srcAddr: has('srcaddr'),
      dstAddr: has('dstaddr'),
      pktSrcAddr: has('pkt-srcaddr'),
      pktDstAddr: has('pkt-dstaddr'),
      pktSrcAwsService: has('pkt-src-aws-service'),
      pktDstAwsService: has('pkt-dst-aws-service'),
    };
    const ops: number[] = [];
    const runs: string[][] = [];
    for (const name of fields) {
      const op = Math.max(0, OPS.indexOf(name as (typeof OPS)[number]));
      if (op === 0 && ops.at(-1) === 0) runs.at(-1)?.push(name);
      else {
        ops.push(op);
        if (op === 0) runs.push([name]);
      }
    }
    this.ops = Uint8Array.from(ops);
    this.constants = packFragments(
      runs.flatMap((run) => world.enis.map((eni) => run.map((name) => `${this.constant(eni, name, true)} `).join(''))),
    );
  }

  /** The header line AWS puts first in every file of S3. */
  header(): string {
    return `${this.fields.join(' ')}\n`;
  }

  /** Value of a field that depends on the interface only; `-` for what is not logged here. */
  private constant(eni: Eni, name: string, ok: boolean): string {
    const subnet = element(this.world.subnets, eni.subnet);
    switch (name) {
      case 'version':
        return String(
          Math.max(...FIELDS.filter((field) => this.fields.includes(field.name)).map((field) => field.version)),
        );
      case 'account-id':
        return ACCOUNT;
      case 'interface-id':
        return eni.id;
      case 'log-status':
        return 'OK';
      case 'vpc-id':
        return this.world.ids.vpc;
      case 'subnet-id':
        return subnet.id;
      case 'instance-id':
        return eni.instanceId ?? '-';
      case 'type':
        return ok ? 'IPv4' : '-';
      case 'region':
        return REGION;
      case 'az-id':
        return element(ZONES, subnet.zone).id;
      default:
        return '-';
    }
  }

  /** A NODATA or SKIPDATA line: the interface and its window, everything else null. */
  silence(index: number, status: string, start: number, end: number): string {
    const eni = element(this.enis, index);
    const values = this.fields.map((name) => {
      if (name === 'log-status') return status;
      if (name === 'start') return String(start);
      return name === 'end' ? String(end) : this.constant(eni, name, false);
    });
    return `${values.join(' ')}\n`;
  }

  /** True when the line shows the packet's own address on that side, not the interface's primary one in its place. */
  shows(leg: Leg, side: 'src' | 'dst'): boolean {
    const { shown } = this;
    if (side === 'src' ? shown.pktSrcAddr : shown.pktDstAddr) return true;
    if (!(side === 'src' ? shown.srcAddr : shown.dstAddr)) return false;
    if (leg.egress !== (side === 'src')) return true;
    const eni = element(this.enis, leg.eni);
    return showsOwnAddress(eni) && eni.primary === (side === 'src' ? leg.src : leg.dst);
  }

  /** Writes the record's line at `at`; returns the place behind its newline. */
  put(out: Uint8Array, from: number, leg: Leg): number {
    const { ops } = this;
    // the interface's own side is logged by its primary address (VPC User Guide, "Flow log limitations")
    const { primary } = this.enis[leg.eni]!;
    let at = from;
    let run = leg.eni;
    for (let i = 0; i < ops.length; i++) {
      switch (ops[i]) {
        case 0:
          at = putFragment(out, at, this.constants, run) - 1;
          run += this.enis.length;
          break;
        case 1:
          at = putAddress(out, at, leg.egress ? primary : leg.src);
          break;
        case 2:
          at = putAddress(out, at, leg.egress ? leg.dst : primary);
          break;
        case 3:
          at = putNumber(out, at, leg.srcPort);
          break;
        case 4:
          at = putNumber(out, at, leg.dstPort);
          break;
        case 5:
          at = putNumber(out, at, leg.protocol);
          break;
        case 6:
          at = putNumber(out, at, leg.packets);
          break;
        case 7:
          at = putNumber(out, at, leg.bytes);
          break;
        case 8:
          at = putNumber(out, at, leg.start);
          break;
        case 9:
          at = putNumber(out, at, leg.end);
          break;
        default:
          at = this.putRare(out, at, leg, ops[i]!);
      }
      out[at++] = SPACE;
    }
    out[at - 1] = NEWLINE;
    return at;
  }

  private putRare(out: Uint8Array, at: number, leg: Leg, op: number): number {
    switch (op) {
      case 10:
        return putFragment(out, at, WORDS, leg.observedReject ? 1 : 0);
      case 11:
        return putNumber(out, at, leg.tcpFlags);
      case 12:
        return putAddress(out, at, leg.src);
      case 13:
        return putAddress(out, at, leg.dst);
      case 14:
        return leg.srcAws ? putFragment(out, at, WORDS, 4) : dash(out, at);
      case 15:
        return leg.dstAws ? putFragment(out, at, WORDS, 4) : dash(out, at);
      case 16:
        return putFragment(out, at, WORDS, leg.egress ? 3 : 2);
      default:
        return leg.egress && leg.trafficPath > 0 ? putNumber(out, at, leg.trafficPath) : dash(out, at);
    }
  }
}

function dash(out: Uint8Array, at: number): number {
  out[at] = DASH;
  return at + 1;
}
