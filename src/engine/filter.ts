import type { InterfaceNames } from '../classify/tables.ts';
import type { Condition, FilterName, RecordFilter } from '../model/filter.ts';
import { type FlowBatch, Present, V6_WORDS } from '../model/flow.ts';
import type { Cidr } from '../model/ip.ts';
import type { Names } from '../model/names.ts';
import { IMPLICIT_DENY, Kind, type VerdictBatch } from '../model/verdict.ts';
import { type NameSets, nameSets } from './name-sets.ts';

/** Sets a byte of `hits` for each row that one of a filter's conditions holds for; others stay as they are. */
type FlowTest = (flow: FlowBatch, hits: Uint8Array, interfaces: InterfaceNames) => void;
type VerdictTest = (flow: FlowBatch, verdicts: VerdictBatch, hits: Uint8Array) => void;

interface Signed<Test> {
  readonly test: Test;
  /** 0 = rows with a hit are dropped. */
  readonly wanted: 0 | 1;
}

/** Filters that need the record alone: they spare the others their classification. */
const OF_RECORD: ReadonlySet<FilterName> = new Set(['ip', 'port', 'protocol', 'action', 'eni']);

type Of<Name extends FilterName> = Extract<Condition, { filter: Name }>;

/**
 * Decides on whole columns which rows of a batch stay. Both passes return the number of rows that stay and leave their
 * numbers, ascending, in `selection`.
 */
export class RowFilter {
  readonly selection: Int32Array;
  private readonly hits: Uint8Array;
  private readonly dropped: Uint8Array;
  private readonly since: number;
  private readonly until: number;
  private readonly timed: boolean;
  private readonly flowTests: readonly Signed<FlowTest>[];
  private readonly verdictTests: readonly Signed<VerdictTest>[];

  constructor(filter: RecordFilter, versions: readonly Names[], capacity: number) {
    this.selection = new Int32Array(capacity);
    this.hits = new Uint8Array(capacity);
    this.dropped = new Uint8Array(capacity);
    this.timed = filter.sinceSeconds !== null || filter.untilSeconds !== null;
    this.since = filter.sinceSeconds ?? 0;
    this.until = filter.untilSeconds ?? Number.POSITIVE_INFINITY;
    const groups = [...grouped(filter.wanted, 1), ...grouped(filter.unwanted, 0)];
    this.flowTests = groups.flatMap(({ conditions, wanted }) => {
      const test = flowTest(conditions);
      return test === null ? [] : [{ test, wanted }];
    });
    this.verdictTests = groups.flatMap(({ conditions, wanted }) => {
      const test = verdictTest(conditions, versions);
      return test === null ? [] : [{ test, wanted }];
    });
  }

  /** Before classification: times and the filters that need the record alone. */
  passRecords(flow: FlowBatch, interfaces: InterfaceNames): number {
    const { dropped, hits } = this;
    if (!this.timed && this.flowTests.length === 0) return flow.rows;
    if (this.timed) this.dropByTime(flow);
    else dropped.fill(0, 0, flow.rows);
    for (const { test, wanted } of this.flowTests) {
      hits.fill(0, 0, flow.rows);
      test(flow, hits, interfaces);
      for (let i = 0; i < flow.rows; i++) dropped[i]! |= hits[i]! ^ wanted;
    }
    return this.select(flow.rows);
  }

  /** After classification: names, rules and verdicts. */
  passVerdicts(flow: FlowBatch, verdicts: VerdictBatch): number {
    const { dropped, hits } = this;
    if (this.verdictTests.length === 0) return flow.rows;
    dropped.fill(0, 0, flow.rows);
    for (const { test, wanted } of this.verdictTests) {
      hits.fill(0, 0, flow.rows);
      test(flow, verdicts, hits);
      for (let i = 0; i < flow.rows; i++) dropped[i]! |= hits[i]! ^ wanted;
    }
    return this.select(flow.rows);
  }

  private dropByTime(flow: FlowBatch): void {
    const { dropped, since, until } = this;
    for (let i = 0; i < flow.rows; i++) {
      const start = (flow.present[i]! & Present.start) === 0 ? Number.NaN : flow.start[i]!;
      dropped[i] = start >= since && start < until ? 0 : 1;
    }
  }

  private select(rows: number): number {
    const { selection, dropped } = this;
    let count = 0;
    for (let i = 0; i < rows; i++) if (dropped[i] === 0) selection[count++] = i;
    return count;
  }
}

/** The conditions of each filter together: they are alternatives. */
function grouped(
  conditions: readonly Condition[],
  wanted: 0 | 1,
): readonly { readonly conditions: readonly Condition[]; readonly wanted: 0 | 1 }[] {
  const byFilter = new Map<FilterName, Condition[]>();
  for (const condition of conditions)
    byFilter.set(condition.filter, [...(byFilter.get(condition.filter) ?? []), condition]);
  return [...byFilter.values()].map((group) => ({ conditions: group, wanted }));
}

function flowTest(conditions: readonly Condition[]): FlowTest | null {
  const filter = conditions[0]?.filter;
  if (filter === undefined || !OF_RECORD.has(filter)) return null;
  if (filter === 'ip') {
    const cidrs = (conditions as Of<'ip'>[]).map(({ cidr }) => cidr);
    return (flow, hits) => {
      for (const cidr of cidrs) hitAddresses(flow, hits, cidr);
    };
  }
  if (filter === 'port') {
    const ranges = conditions as Of<'port'>[];
    return (flow, hits) => {
      for (const { from, to } of ranges) hitPorts(flow, hits, from, to);
    };
  }
  if (filter === 'eni') return interfaceTest((conditions as Of<'eni'>[]).map(({ name }) => name));
  const codes = (conditions as Of<'protocol' | 'action'>[]).map(({ code }) => code);
  const [bit, values] =
    filter === 'protocol'
      ? [Present.protocol, (flow: FlowBatch) => flow.protocol]
      : [Present.action, (flow: FlowBatch) => flow.action];
  const member = memberOf(codes);
  return (flow, hits) => {
    const column = values(flow);
    for (let i = 0; i < flow.rows; i++) if ((flow.present[i]! & bit) !== 0) hits[i]! |= member[column[i]!]!;
  };
}

/** A table of 256 codes: 1 = one of those given. */
function memberOf(codes: readonly number[]): Uint8Array {
  const member = new Uint8Array(256);
  for (const code of codes) member[code] = 1;
  return member;
}

/** Codes are those of one interface dictionary: a name is compared once for each. */
function interfaceTest(names: readonly string[]): FlowTest {
  const wanted = new Set(names);
  let dictionary: InterfaceNames | undefined;
  let member = new Uint8Array(256);
  let known = 0;
  return (flow, hits, interfaces) => {
    if (interfaces !== dictionary) [dictionary, known] = [interfaces, 0];
    if (interfaces.size > member.length) {
      const grown = new Uint8Array(interfaces.size * 2);
      grown.set(member);
      member = grown;
    }
    for (; known < interfaces.size; known++) member[known] = Number(wanted.has(interfaces.name(known)));
    for (let i = 0; i < flow.rows; i++)
      if ((flow.present[i]! & Present.interfaceId) !== 0) hits[i]! |= member[flow.interfaceId[i]!]!;
  };
}

function hitPorts(flow: FlowBatch, hits: Uint8Array, from: number, to: number): void {
  const { present, srcPort, dstPort } = flow;
  for (let i = 0; i < flow.rows; i++) {
    const src = (present[i]! & Present.srcPort) !== 0 && srcPort[i]! >= from && srcPort[i]! <= to;
    const dst = (present[i]! & Present.dstPort) !== 0 && dstPort[i]! >= from && dstPort[i]! <= to;
    if (src || dst) hits[i] = 1;
  }
}

/** Any address that the record shows: srcaddr, dstaddr, pkt-srcaddr, pkt-dstaddr. */
function hitAddresses(flow: FlowBatch, hits: Uint8Array, cidr: Cidr): void {
  const { present } = flow;
  const fields = [
    [flow.srcAddr, Present.srcAddr, Present.srcAddrV6, V6_WORDS.srcAddr],
    [flow.dstAddr, Present.dstAddr, Present.dstAddrV6, V6_WORDS.dstAddr],
    [flow.pktSrcAddr, Present.pktSrcAddr, Present.pktSrcAddrV6, V6_WORDS.pktSrcAddr],
    [flow.pktDstAddr, Present.pktDstAddr, Present.pktDstAddrV6, V6_WORDS.pktDstAddr],
  ] as const;
  const masks = [0, 1, 2, 3].map((word) => maskOf(cidr.length - 32 * word));
  const words = [0, 1, 2, 3].map((word) => ((cidr.words as readonly number[])[word] ?? 0) & masks[word]!);
  for (const [column, bit, v6Bit, v6Word] of fields) {
    const both = bit | v6Bit;
    if (cidr.family === 4) {
      for (let i = 0; i < flow.rows; i++)
        if ((present[i]! & both) === bit && (column[i]! & masks[0]!) === words[0]) hits[i] = 1;
      continue;
    }
    for (let i = 0; i < flow.rows; i++) {
      if ((present[i]! & both) !== both) continue;
      const at = i * V6_WORDS.perRow + v6Word;
      let differs = 0;
      for (let word = 0; word < 4; word++) differs |= (flow.v6[at + word]! & masks[word]!) ^ words[word]!;
      if (differs === 0) hits[i] = 1;
    }
  }
}

/** Mask of the first `bits` bits of a word. */
function maskOf(bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? -1 : -1 << (32 - bits);
}

function verdictTest(conditions: readonly Condition[], versions: readonly Names[]): VerdictTest | null {
  const filter = conditions[0]?.filter;
  if (filter === undefined || OF_RECORD.has(filter)) return null;
  if (filter === 'direction' || filter === 'verdict' || filter === 'drift') {
    const member = memberOf((conditions as Of<typeof filter>[]).map(({ code }) => code));
    return (flow, verdicts, hits) => {
      if (filter !== 'direction' && !flow.judged) return;
      const { direction, predicted, drift } = verdicts;
      const column = filter === 'direction' ? direction : filter === 'verdict' ? predicted : drift;
      for (let i = 0; i < flow.rows; i++) hits[i]! |= member[column[i]!]!;
    };
  }
  const named = conditions as Of<'namespace' | 'pod' | 'workload' | 'rule' | 'eni'>[];
  const names = named.map(({ name }) => name);
  if (filter === 'rule') return ruleTest(nameSets(filter, names, versions), names.includes('implicit-deny'));
  return podTest(nameSets(filter as 'namespace' | 'pod' | 'workload', names, versions));
}

/** Either end is one of the pods. */
function podTest(sets: NameSets): VerdictTest {
  return (flow, verdicts, hits) => {
    const { version, srcKind, srcOwner, dstKind, dstOwner } = verdicts;
    for (let i = 0; i < flow.rows; i++) {
      const set = sets[version[i]!]!;
      const src = srcKind[i] === Kind.pod && srcOwner[i]! >= 0 ? set[srcOwner[i]!]! : 0;
      const dst = dstKind[i] === Kind.pod && dstOwner[i]! >= 0 ? set[dstOwner[i]!]! : 0;
      hits[i]! |= src | dst;
    }
  };
}

/** A rule that decided in its layer: sg_rule, nacl_rule, the route, decided_by. */
function ruleTest(sets: NameSets, implicitDeny: boolean): VerdictTest {
  return (flow, verdicts, hits) => {
    if (!flow.judged) return;
    const { version, sgRule, naclRule, route, decidedBy } = verdicts;
    for (let i = 0; i < flow.rows; i++) {
      const set = sets[version[i]!]!;
      if (implicitDeny && sgRule[i] === IMPLICIT_DENY) hits[i] = 1;
      if (sgRule[i]! >= 0) hits[i]! |= set[sgRule[i]!]!;
      if (naclRule[i]! >= 0) hits[i]! |= set[naclRule[i]!]!;
      if (route[i]! >= 0) hits[i]! |= set[route[i]!]!;
      if (decidedBy[i]! >= 0) hits[i]! |= set[decidedBy[i]!]!;
    }
  };
}
