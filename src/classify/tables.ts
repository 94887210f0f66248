import { type FlowBatch, Present } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import { type PodMapView, strangeVpc } from '../pods/pod-map.ts';
import type { SnatTable } from '../pods/snat.ts';
import type { InterfaceFacts } from '../rules/interface-facts.ts';
import type { RulesView } from '../rules/view.ts';
import type { ClassifyKernel } from './kernel.ts';
import type { Stretch } from './stretch.ts';

/** One inventory version as a worker sees it: the compiled rules and the pod map, over shared memory. */
export interface VersionTables {
  /** Byte address of its table in the kernel's memory, see kernel-tables.ts. */
  readonly address: number;
  /** Unix seconds from which the version holds; 0 for the first (it also judges what came before it). */
  readonly validFromSeconds: number;
  readonly rules: RulesView;
  readonly pods: PodMapView;
  readonly facts: InterfaceFacts;
  /** ENI index of an interface id. */
  readonly eniIndex: ReadonlyMap<string, number>;
  /** Number of a VPC id in the pod map. */
  readonly vpcIndex: ReadonlyMap<string, number>;
  /** Number of each ENI index over all versions: equal ids have equal numbers. */
  readonly eniNumber: Uint32Array;
  readonly snat: SnatTable;
  /** ENI indices of the NAT gateways. */
  readonly natGateways: readonly number[];
  /** True when NetworkPolicies exist: their column is `unknown` until that layer is built. */
  readonly hasNetworkPolicies: boolean;
}

/** What the codes of a dictionary stand for, as values of Scratch.eni. */
export interface CodesResolved {
  /** ENI index, −1 = not in the inventory. */
  readonly enis: Int32Array;
  /** VPC_FIRST − the number of a VPC; one that nothing of the inventory names has the last number. */
  readonly vpcs: Int32Array;
}

/**
 * Codes of interfaces and VPCs in one version, filled as the decoder meets new ids: each is looked up once, never per
 * record.
 */
class InterfaceIndex {
  private readonly tables: VersionTables;
  private dictionary: InterfaceNames | null = null;
  private codes: CodesResolved = { enis: new Int32Array(0), vpcs: new Int32Array(0) };
  private known = 0;

  constructor(tables: VersionTables) {
    this.tables = tables;
  }

  /** All codes of the dictionary. */
  resolve(dictionary: InterfaceNames): CodesResolved {
    const { size } = dictionary;
    const { eniIndex, vpcIndex, pods } = this.tables;
    if (dictionary !== this.dictionary) {
      this.dictionary = dictionary;
      this.known = 0;
    }
    const { enis, vpcs } = this.room(size);
    for (; this.known < size; this.known++) {
      const id = dictionary.name(this.known);
      enis[this.known] = eniIndex.get(id) ?? -1;
      vpcs[this.known] = VPC_FIRST - (vpcIndex.get(id) ?? strangeVpc(pods));
    }
    return this.codes;
  }

  private room(size: number): CodesResolved {
    const { enis, vpcs } = this.codes;
    if (size > enis.length) {
      const length = Math.max(size, enis.length * 2);
      this.codes = { enis: longer(enis, length), vpcs: longer(vpcs, length) };
    }
    return this.codes;
  }
}

function longer(codes: Int32Array, length: number): Int32Array {
  const grown = new Int32Array(length);
  grown.set(codes);
  return grown;
}

/**
 * ENI index of each row. A row whose interface is not in the inventory, or not logged, has the VPC that the record
 * tells (−2 and less), or −1.
 */
export function placeInterfaces(
  { present, interfaceId, vpcId }: FlowBatch,
  { eni }: ScratchColumns,
  { enis, vpcs }: CodesResolved,
  from: number,
  to: number,
): void {
  let signs = 0;
  for (let i = from; i < to; i++) {
    const index = (present[i]! & Present.interfaceId) !== 0 ? enis[interfaceId[i]!]! : -1;
    eni[i] = index;
    signs |= index;
  }
  if (signs >= 0) return;
  for (let i = from; i < to; i++) {
    if (eni[i]! < 0 && (present[i]! & Present.vpcId) !== 0) eni[i] = vpcs[vpcId[i]!]!;
  }
}

/** What the decoder's codes of interfaces and VPCs stand for. */
export interface InterfaceNames {
  readonly size: number;
  name(code: number): string;
}

/** The versions a worker judges by, ascending in time, each with its own view of the interface dictionary. */
export interface Judge {
  readonly versions: readonly VersionTables[];
  readonly interfaces: readonly InterfaceIndex[];
  /** True when rows are written: only they name the Services behind a port. */
  readonly namesServices: boolean;
}

/** A judge that has met no interface yet. */
export function openJudge(versions: readonly VersionTables[], namesServices: boolean): Judge {
  return { versions, interfaces: versions.map((version) => new InterfaceIndex(version)), namesServices };
}

/** Intermediate columns of one batch, row order of the FlowBatch; reused from batch to batch. */
export interface ScratchColumns {
  /**
   * ENI index in the row's version; of an interface that is not in the inventory VPC_FIRST − the number of its VPC,
   * −1 = not known either.
   */
  readonly eni: Int32Array;
  /** Effective IPv4 of each side; meaningless when the side's v6 offset is ≥ 0. */
  readonly src4: Uint32Array;
  readonly dst4: Uint32Array;
  /** Word offset into FlowBatch.v6 of an IPv6 effective address, −1 = IPv4. */
  readonly src6: Int32Array;
  readonly dst6: Int32Array;
  /** Address class, −1 = the side has no address, −2 = the interface's own primary address (class not needed). */
  readonly srcClass: Int32Array;
  readonly dstClass: Int32Array;
  /** Entry of the pod map, −1 = nobody's. */
  readonly srcEntry: Int32Array;
  readonly dstEntry: Int32Array;
  /** Cells that decided, for hit counters; −1 = layer not evaluated. */
  readonly sgCell: Int32Array;
  readonly naclCell: Int32Array;
  /** Which sides only show the interface's primary address, see Hidden. */
  readonly hidden: Uint8Array;
  /** Different addresses that twins show in place of the hidden side; see pods/twins TwinAnswer. */
  readonly twinCount: Uint8Array;
  /** TWIN_ADDRESSES_MAX words a row. */
  readonly twinAddress: Uint32Array;
  /** Roles that twin or reverse record tell, as bits: 1 request, 2 reply; UNASKED = nobody looked yet. */
  readonly pairRoles: Uint8Array;
  /** Who may stand behind the row's node: a code of pods/snat Behind, in bits 2 and 3 when it is the destination. */
  readonly behind: Uint8Array;
  /** 1 = the security groups answer `unknown` only because the role is not known. */
  readonly roleSplit: Uint8Array;
  /** Rows that a pass of the kernel picked out, as many as it says. */
  readonly listed: Uint32Array;
}

/** A batch with all its columns in the memory of the kernel that judges it. */
export interface Scratch extends ScratchColumns {
  readonly kernel: ClassifyKernel;
  /** Byte address of its table, see kernel-batch.ts. */
  readonly batch: number;
  /** Flows of its rows on their way to the twin table, and those of them that went through a NAT gateway. */
  readonly stretch: Stretch;
  readonly through: Stretch;
  /** The same rows as another version judges them; laid out when a batch first needs them. */
  second: JudgedColumns | null;
}

/** What judging fills: verdicts, and what they were found by. */
export interface JudgedColumns {
  readonly verdicts: VerdictBatch;
  readonly scratch: Scratch;
}

/** Value of Scratch.eni for VPC 0, see src/kernel/classify/codes.ts. */
export const VPC_FIRST = -2;

/** Values of Scratch.srcClass / dstClass that are no class. */
export const NO_ADDRESS = -1;
export const OWN_ADDRESS = -2;

/** Value of Scratch.pairRoles. */
export const UNASKED = 255;

/** Bits of Scratch.hidden. */
export const Hidden = { src: 1, dst: 2 } as const;
