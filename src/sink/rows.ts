import { strict as assert } from 'node:assert';
import { type CarriedColumn, type FlowBatch, LOG_STATUS, Present, V6_WORDS } from '../model/flow.ts';
import { formatIpv4, formatIpv6 } from '../model/ip.ts';
import type { KernelHeap } from '../model/kernel-heap.ts';
import type { Names } from '../model/names.ts';
import { ACTION, Attribution, DIRECTION, Effective, IMPLICIT_DENY, Kind, type VerdictBatch } from '../model/verdict.ts';
import type { ArrowCompression } from './arrow-compression.ts';
import { ADDED_NAMES, type AddedName, columnName, isInput, type OutputColumn } from './columns.ts';

export type Side = 'src' | 'dst';

/** Everything an encoder needs to turn the integers of a row into words. */
export interface RowContext {
  readonly columns: readonly OutputColumn[];
  /** Names of the input's fields that are columns when none are chosen: their values never go to `extra`. */
  readonly taken: ReadonlySet<string>;
  /** By index of the inventory version. */
  readonly names: readonly Names[];
  /** Label of each inventory version. */
  readonly versionLabels: readonly string[];
  /** Of the messages of an Arrow stream; absent = none. */
  readonly compression?: ArrowCompression;
  /** The memory that the columns of all batches lie in. */
  readonly heap: KernelHeap;
  /** Rows go to a Parquet file for each hour. */
  readonly byHour?: boolean;
  /** Interface id of a code of `FlowBatch.interfaceId`. */
  interfaceName(code: number): string;
  /**
   * `namespace/pod` of each pod that side may be; null when attribution is not `candidates`. Equal lists are mostly the
   * same object: what is made of one can be kept.
   */
  candidates(version: number, row: number, side: Side): readonly string[] | null;
}

/** How a field that the decoder holds as numbers is read; `bit` of `FlowBatch.present` says whether it is there. */
export type TypedField = { readonly bit: number } & (
  | { readonly kind: 'number'; values(flow: FlowBatch): Uint8Array | Uint16Array | Uint32Array }
  /** Two u32 a row, low half first. */
  | { readonly kind: 'u64'; values(flow: FlowBatch): Uint32Array }
  | { readonly kind: 'word'; readonly words: readonly string[]; values(flow: FlowBatch): Uint8Array }
  | AddressField
  | { readonly kind: 'interface' }
);

export interface AddressField {
  readonly kind: 'address';
  readonly bit: number;
  /** Set when the address is IPv6 and stands at `v6Word` of the row's words in `FlowBatch.v6`. */
  readonly v6Bit: number;
  readonly v6Word: number;
  values(flow: FlowBatch): Uint32Array;
}

const address = (bit: number, v6Bit: number, v6Word: number, values: AddressField['values']): AddressField => ({
  kind: 'address',
  bit,
  v6Bit,
  v6Word,
  values,
});
const SRC = address(Present.srcAddr, Present.srcAddrV6, V6_WORDS.srcAddr, (f) => f.srcAddr);
const DST = address(Present.dstAddr, Present.dstAddrV6, V6_WORDS.dstAddr, (f) => f.dstAddr);
const PKT_SRC = address(Present.pktSrcAddr, Present.pktSrcAddrV6, V6_WORDS.pktSrcAddr, (f) => f.pktSrcAddr);
const PKT_DST = address(Present.pktDstAddr, Present.pktDstAddrV6, V6_WORDS.pktDstAddr, (f) => f.pktDstAddr);

/** The address fields by column name. */
export type AddressName = 'srcaddr' | 'dstaddr' | 'pkt_srcaddr' | 'pkt_dstaddr';
export const ADDRESS_FIELDS: Readonly<Record<AddressName, AddressField>> = {
  srcaddr: SRC,
  dstaddr: DST,
  pkt_srcaddr: PKT_SRC,
  pkt_dstaddr: PKT_DST,
};

/** Fields that are not carried as text, by column name. */
export const TYPED_FIELDS: ReadonlyMap<string, TypedField> = new Map<string, TypedField>([
  ['version', { kind: 'number', bit: Present.version, values: (f) => f.version }],
  ['interface_id', { kind: 'interface', bit: Present.interfaceId }],
  ['srcaddr', SRC],
  ['dstaddr', DST],
  ['srcport', { kind: 'number', bit: Present.srcPort, values: (f) => f.srcPort }],
  ['dstport', { kind: 'number', bit: Present.dstPort, values: (f) => f.dstPort }],
  ['protocol', { kind: 'number', bit: Present.protocol, values: (f) => f.protocol }],
  ['packets', { kind: 'u64', bit: Present.packets, values: (f) => f.packets }],
  ['bytes', { kind: 'u64', bit: Present.bytes, values: (f) => f.bytes }],
  ['start', { kind: 'number', bit: Present.start, values: (f) => f.start }],
  ['end', { kind: 'number', bit: Present.end, values: (f) => f.end }],
  ['action', { kind: 'word', bit: Present.action, words: ACTION, values: (f) => f.action }],
  ['log_status', { kind: 'word', bit: Present.logStatus, words: LOG_STATUS, values: (f) => f.logStatus }],
  ['tcp_flags', { kind: 'number', bit: Present.tcpFlags, values: (f) => f.tcpFlags }],
  ['pkt_srcaddr', PKT_SRC],
  ['pkt_dstaddr', PKT_DST],
  ['flow_direction', { kind: 'word', bit: Present.flowDirection, words: DIRECTION, values: (f) => f.flowDirection }],
]);

/** The IPv4 that pairing found for a side, −1 when its address is not from there. */
export function pairedAddress(verdicts: VerdictBatch, row: number, side: Side): number {
  const where = side === 'src' ? verdicts.srcEffective[row] : verdicts.dstEffective[row];
  return where === Effective.paired ? (verdicts.pairedAddress[row] ?? 0) : -1;
}

/** The field that holds the effective packet address of a side; null = not known, or pairing found it. */
export function effectiveField(flow: FlowBatch, verdicts: VerdictBatch, row: number, side: Side): AddressField | null {
  const where = side === 'src' ? verdicts.srcEffective[row] : verdicts.dstEffective[row];
  if (where === undefined || where === Effective.none || where === Effective.paired) return null;
  const record = side === 'src' ? SRC : DST;
  const field = where === Effective.record ? record : side === 'src' ? PKT_SRC : PKT_DST;
  return ((flow.present[row] ?? 0) & field.bit) !== 0 ? field : null;
}

/** Text of an address that is present. */
export function addressText(flow: FlowBatch, row: number, field: AddressField): string {
  if (((flow.present[row] ?? 0) & field.v6Bit) === 0) return formatIpv4(field.values(flow)[row] ?? 0);
  const at = row * V6_WORDS.perRow + field.v6Word;
  const { v6 } = flow;
  return formatIpv6(v6[at] ?? 0, v6[at + 1] ?? 0, v6[at + 2] ?? 0, v6[at + 3] ?? 0);
}

/** The pods that a side may be; null unless its attribution is `candidates`. */
export function candidatesOf(
  context: RowContext,
  verdicts: VerdictBatch,
  row: number,
  side: Side,
): readonly string[] | null {
  const attribution = side === 'src' ? verdicts.srcAttribution[row] : verdicts.dstAttribution[row];
  if (attribution !== Attribution.candidates) return null;
  return context.candidates(verdicts.version[row] ?? 0, row, side);
}

/** A code table's word; the word `null` stands for no value. */
export function wordOf(words: readonly string[], code: number | undefined): string | null {
  const word = code === undefined ? undefined : words[code];
  assert(word !== undefined, `code ${code} is outside its table of ${words.length} words (${words[1]}, …)`);
  return word === 'null' ? null : word;
}

/** What a rule or route of −2 is: IMPLICIT_DENY, NO_ROUTER. */
export const NO_INDEX = { rules: 'implicit-deny', routeTarget: 'local', routePrefix: null } as const;

/** Id of a rule column: null for NO_RULE. */
export function ruleText(names: Names | undefined, rule: number | undefined): string | null {
  if (rule === IMPLICIT_DENY) return NO_INDEX.rules;
  if (rule === undefined || rule < 0) return null;
  const id = names?.rules[rule];
  assert(id !== undefined, `rule index ${rule} has no name`);
  return id;
}

/** The five names of an owner: a pod's own, or node and service of an interface. */
export interface OwnerNames {
  readonly namespace: string | null;
  readonly pod: string | null;
  readonly workload: string | null;
  readonly node: string | null;
  readonly service: string | null;
}

const NOBODY: OwnerNames = { namespace: null, pod: null, workload: null, node: null, service: null };

/** Services that answer at the side's port; null = none is known. */
export function servedName(names: Names | undefined, service: number): string | null {
  return names?.services[service] ?? null;
}

/** `owner` is a pod index for kind `pod`, else an ENI index; −1 = nobody. */
export function ownerNames(names: Names | undefined, kind: number, owner: number): OwnerNames {
  if (owner < 0) return NOBODY;
  if (kind === Kind.pod) {
    const pod = names?.pods[owner];
    assert(pod !== undefined, `pod index ${owner} has no name`);
    return { namespace: pod.namespace, pod: pod.name, workload: pod.workload, node: pod.node, service: null };
  }
  const eni = names?.enis[owner];
  assert(eni !== undefined, `interface index ${owner} has no name`);
  return { ...NOBODY, node: eni.node, service: eni.service };
}

/** Where the carried fields of the current batch go: bind() before the rows of each batch. */
export class CarriedFields {
  /** By output column: the carried column that fills it. */
  readonly placed: (CarriedColumn | undefined)[] = [];
  /** Carried columns without an output column, under names that differ: they go to `extra`. */
  readonly unplaced: { readonly name: string; readonly column: CarriedColumn }[] = [];
  /** `extra` of what flowtrie wrote, read again: its members stay there. */
  ownExtra: CarriedColumn | undefined;
  private bound: readonly CarriedColumn[] | null = null;
  private readonly indexOf: ReadonlyMap<string, number>;
  private readonly taken: ReadonlySet<string>;

  constructor({ columns, taken }: RowContext) {
    this.taken = taken;
    const own = columns.map((column, i) => [column, i] as const).filter(([column]) => isInput(column));
    this.indexOf = new Map(own.map(([column, i]) => [column.name, i]));
  }

  bind(flow: FlowBatch): void {
    // a decoder keeps its columns from batch to batch
    if (flow.carried === this.bound) return;
    this.bound = flow.carried;
    this.placed.length = 0;
    this.unplaced.length = 0;
    this.ownExtra = undefined;
    const isOwn = isOwnOutput(flow);
    const met = new Set<string>();
    for (const carried of flow.carried) {
      if (isOwn && carried.name === 'extra') this.ownExtra = carried;
      // read again, what flowtrie added is computed anew
      if (isOwn && OWN_NAMES.has(carried.name)) continue;
      const name = columnName(carried.name);
      const index = this.indexOf.get(name);
      // of fields with one column's name (`my-field my_field`) the first has the column, wanted or not
      if (met.has(name) || (index === undefined && !this.taken.has(name))) this.setAside(name, carried);
      else if (index !== undefined) this.placed[index] = carried;
      met.add(name);
    }
  }

  private setAside(name: string, column: CarriedColumn): void {
    const { unplaced } = this;
    let key = name;
    for (let n = 2; unplaced.some((other) => other.name === key); n++) key = `${name}_${n}`;
    unplaced.push({ name: key, column });
  }
}

const OWN_NAMES: ReadonlySet<string> = new Set<string>([...ADDED_NAMES, 'extra']);

/** Columns that together are in no log but in what flowtrie wrote. */
const OWN_MARKS: readonly AddedName[] = ['predicted', 'decided_by', 'drift'];

function isOwnOutput(flow: FlowBatch): boolean {
  return OWN_MARKS.every((mark) => flow.carried.some((carried) => carried.name === mark));
}

/** Text of a carried value, null when empty; bytes that are no UTF-8 become U+FFFD. */
export function carriedText(flow: FlowBatch, carried: CarriedColumn | undefined, row: number): string | null {
  const length = carried?.length[row] ?? 0;
  if (carried === undefined || length === 0) return null;
  const { buffer, byteOffset } = flow.text;
  return Buffer.from(buffer, byteOffset + (carried.offset[row] ?? 0), length).toString('utf8');
}
