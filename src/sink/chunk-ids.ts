import type { FlowBatch } from '../model/flow.ts';
import type { Names } from '../model/names.ts';
import { Effective, Kind, type VerdictBatch } from '../model/verdict.ts';
import { AddressIds } from './address-ids.ts';
import { grown } from './chunk-data.ts';
import { ADDRESS_FIELDS, type AddressName, type OwnerNames, type RowContext, type Side, servedName } from './rows.ts';

type Ids = Int32Array<ArrayBuffer>;
type Fill = (flow: FlowBatch, verdicts: VerdictBatch, ids: Ids, at: number) => void;

const ROWS_AT_FIRST = 4096;

/**
 * Numbers of what columns of a chunk share, for every row: addresses, owners, and rules over all inventory versions.
 * Each is filled once a batch, when the first column asks.
 */
export class ChunkIds {
  readonly addresses: AddressIds = new AddressIds();
  private readonly names: readonly Names[];
  /** Number of the first pod, rule of each version. */
  private readonly ownerBase: readonly number[];
  private readonly ruleBase: readonly number[];
  private readonly serviceBase: readonly number[];
  private readonly columns = new Map<string, { ids: Ids; rows: number }>();
  private flow: FlowBatch | undefined;
  private verdicts: VerdictBatch | undefined;
  /** Rows in front of the batch. */
  private at = 0;
  private scratch: Ids = new Int32Array(ROWS_AT_FIRST);

  constructor({ names }: RowContext) {
    this.names = names;
    this.ownerBase = bases(names.map(({ pods, enis }) => pods.length + enis.length));
    this.ruleBase = bases(names.map(({ rules }) => rules.length));
    this.serviceBase = bases(names.map(({ services }) => services.length));
  }

  bind(flow: FlowBatch, verdicts: VerdictBatch, at: number): void {
    this.flow = flow;
    this.verdicts = verdicts;
    this.at = at;
  }

  /** The next chunk begins: addresses are numbered anew. */
  reset(): void {
    this.addresses.reset();
    for (const column of this.columns.values()) column.rows = 0;
  }

  /** Room for the codes of one column, which the next one takes over. */
  codes(rows: number): Ids {
    this.scratch = grown(this.scratch, rows, (n) => new Int32Array(n));
    return this.scratch.subarray(0, rows);
  }

  /** Ids of owners, 0 = nobody. */
  get owners(): number {
    return this.ownerBase[this.names.length]!;
  }

  /** Ids of rules, 0 = none, 1 = implicit deny. */
  get rules(): number {
    return this.ruleBase[this.names.length]! + 1;
  }

  /** Services of all versions. */
  get services(): number {
    return this.serviceBase[this.names.length]! - 1;
  }

  address(name: AddressName): Ids {
    const packet = name === 'pkt_srcaddr' || name === 'pkt_dstaddr';
    const like = name === 'pkt_srcaddr' ? 'srcaddr' : 'dstaddr';
    const known = packet ? this.address(like) : null;
    return this.column(name, (flow, _, ids, at) => {
      const other = known === null ? null : ADDRESS_FIELDS[like];
      this.addresses.number(flow, ADDRESS_FIELDS[name], ids, at, other, known ?? ids);
    });
  }

  /** Ids of the effective packet address of a side. */
  effective(side: Side): Ids {
    const record = this.address(side === 'src' ? 'srcaddr' : 'dstaddr');
    const packet = this.address(side === 'src' ? 'pkt_srcaddr' : 'pkt_dstaddr');
    return this.column(`effective ${side}`, (flow, verdicts, ids, at) => {
      const where = side === 'src' ? verdicts.srcEffective : verdicts.dstEffective;
      for (let i = 0; i < flow.rows; i++) {
        const from = where[i];
        if (from === Effective.record) ids[at + i] = record[at + i]!;
        else if (from === Effective.packet) ids[at + i] = packet[at + i]!;
        else ids[at + i] = from === Effective.paired ? this.addresses.ipv4(verdicts.pairedAddress[i]!) : 0;
      }
    });
  }

  owner(side: Side): Ids {
    return this.column(`owner ${side}`, (flow, verdicts, ids, at) => {
      const { version } = verdicts;
      const kind = side === 'src' ? verdicts.srcKind : verdicts.dstKind;
      const owner = side === 'src' ? verdicts.srcOwner : verdicts.dstOwner;
      const { ownerBase } = this;
      const enis = this.names.map(({ pods }, v) => ownerBase[v]! + pods.length);
      for (let i = 0; i < flow.rows; i++) {
        const index = owner[i]!;
        const base = kind[i] === Kind.pod ? ownerBase : enis;
        ids[at + i] = index < 0 ? 0 : base[version[i]!]! + index;
      }
    });
  }

  ownerText(id: number, key: keyof OwnerNames): string | null {
    if (id === 0) return null;
    const version = versionOf(this.ownerBase, id);
    const names = this.names[version];
    const owner = id - this.ownerBase[version]!;
    if (names === undefined) return null;
    const pod = names.pods[owner];
    if (pod === undefined) {
      const eni = names.enis[owner - names.pods.length];
      return key === 'node' || key === 'service' ? (eni?.[key] ?? null) : null;
    }
    if (key === 'service') return null;
    return key === 'pod' ? pod.name : pod[key];
  }

  /** Ids of owners, and above them of Services. */
  service(side: Side): Ids {
    const owners = this.owner(side);
    return this.column(`service ${side}`, (flow, verdicts, ids, at) => {
      const { version } = verdicts;
      const service = side === 'src' ? verdicts.srcService : verdicts.dstService;
      const { serviceBase } = this;
      const first = this.owners - 1;
      for (let i = 0; i < flow.rows; i++) {
        const index = service[i]!;
        ids[at + i] = index < 0 ? owners[at + i]! : first + serviceBase[version[i]!]! + index;
      }
    });
  }

  serviceText(id: number): string | null {
    const number = id - this.owners + 1;
    const version = versionOf(this.serviceBase, number);
    return servedName(this.names[version], number - this.serviceBase[version]!);
  }

  /** Ids of a rule column: 0 = none, 1 = implicit deny. Rows that are never judged have none. */
  rule(name: string, values: (verdicts: VerdictBatch) => Int32Array): Ids {
    return this.column(name, (flow, verdicts, ids, at) => {
      if (!flow.judged) return void ids.fill(0, at, at + flow.rows);
      const { version } = verdicts;
      const { ruleBase } = this;
      const rules = values(verdicts);
      for (let i = 0; i < flow.rows; i++) {
        const rule = rules[i]!;
        ids[at + i] = rule >= 0 ? ruleBase[version[i]!]! + rule + 1 : rule === -1 ? 0 : 1;
      }
    });
  }

  ruleText(id: number, table: 'rules' | 'routeTarget' | 'routePrefix'): string | null {
    if (id === 0) return null;
    if (id === 1) return table === 'rules' ? 'implicit-deny' : null;
    const version = versionOf(this.ruleBase, id - 1);
    return this.names[version]?.[table][id - 1 - this.ruleBase[version]!] ?? null;
  }

  /** Ids of all rows so far. */
  column(name: string, fill: Fill): Ids {
    const { flow, verdicts, at } = this;
    if (flow === undefined || verdicts === undefined) throw new Error('no batch is bound');
    let column = this.columns.get(name);
    if (column === undefined) {
      column = { ids: new Int32Array(ROWS_AT_FIRST), rows: 0 };
      this.columns.set(name, column);
    }
    const end = at + flow.rows;
    if (column.rows < end) {
      column.ids = grown(column.ids, end, (n) => new Int32Array(n));
      fill(flow, verdicts, column.ids, at);
      column.rows = end;
    }
    return column.ids;
  }
}

/** First id of each version, from 1 on; the last entry is the number of ids. */
function bases(sizes: readonly number[]): readonly number[] {
  const first = [1];
  for (const size of sizes) first.push(first[first.length - 1]! + size);
  return first;
}

function versionOf(base: readonly number[], id: number): number {
  let version = 0;
  while (base[version + 1]! <= id) version++;
  return version;
}
