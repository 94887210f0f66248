import type { FlowBatch } from '../model/flow.ts';
import type { Names } from '../model/names.ts';
import { Effective, Kind, type VerdictBatch } from '../model/verdict.ts';
import { AddressIds } from './chunk-ids.ts';
import {
  ADDRESS_FIELDS,
  type AddressName,
  type OwnerNames,
  ownerNames,
  type RowContext,
  type Side,
  servedName,
} from './rows.ts';

type Column = Int32Array<ArrayBuffer>;

/**
 * Numbers of what the columns of a batch share: addresses, owners, and rules over all inventory versions. Each is made
 * once a batch, when the first column asks.
 */
export class BatchIds {
  readonly addresses: AddressIds = new AddressIds();
  private readonly names: readonly Names[];
  /** Number of the first pod, rule of each version. */
  private readonly ownerBase: readonly number[];
  private readonly ruleBase: readonly number[];
  private readonly serviceBase: readonly number[];
  private readonly columns = new Map<string, { ids: Column; fresh: boolean }>();
  private flow: FlowBatch | undefined;
  private verdicts: VerdictBatch | undefined;

  constructor({ names }: RowContext) {
    this.names = names;
    this.ownerBase = bases(names.map(({ pods, enis }) => pods.length + enis.length));
    this.ruleBase = bases(names.map(({ rules }) => rules.length));
    this.serviceBase = bases(names.map(({ services }) => services.length));
  }

  bind(flow: FlowBatch, verdicts: VerdictBatch): void {
    this.flow = flow;
    this.verdicts = verdicts;
    for (const column of this.columns.values()) column.fresh = false;
  }

  /** The next chunk begins: addresses are numbered anew. */
  reset(): void {
    this.addresses.reset();
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

  address(name: AddressName): Column {
    return this.column(name, (flow, _, ids) => this.addresses.number(flow, ADDRESS_FIELDS[name], ids));
  }

  /** Ids of the effective packet address of a side. */
  effective(side: Side): Column {
    const record = this.address(side === 'src' ? 'srcaddr' : 'dstaddr');
    const packet = this.address(side === 'src' ? 'pkt_srcaddr' : 'pkt_dstaddr');
    return this.column(`effective ${side}`, (flow, verdicts, ids) => {
      const where = side === 'src' ? verdicts.srcEffective : verdicts.dstEffective;
      for (let i = 0; i < flow.rows; i++) {
        if (where[i] === Effective.paired) ids[i] = this.addresses.ipv4(verdicts.pairedAddress[i]!);
        else ids[i] = where[i] === Effective.none ? 0 : where[i] === Effective.record ? record[i]! : packet[i]!;
      }
    });
  }

  owner(side: Side): Column {
    return this.column(`owner ${side}`, (flow, verdicts, ids) => {
      const { version } = verdicts;
      const kind = side === 'src' ? verdicts.srcKind : verdicts.dstKind;
      const owner = side === 'src' ? verdicts.srcOwner : verdicts.dstOwner;
      for (let i = 0; i < flow.rows; i++) {
        const v = version[i]!;
        if (owner[i]! < 0) ids[i] = 0;
        else ids[i] = this.ownerBase[v]! + owner[i]! + (kind[i] === Kind.pod ? 0 : this.names[v]!.pods.length);
      }
    });
  }

  ownerText(id: number, key: keyof OwnerNames): string | null {
    if (id === 0) return null;
    const version = versionOf(this.ownerBase, id);
    const owner = id - this.ownerBase[version]!;
    const names = this.names[version];
    const pods = names?.pods.length ?? 0;
    return ownerNames(names, owner < pods ? Kind.pod : Kind.node, owner < pods ? owner : owner - pods)[key];
  }

  /** Ids of owners, and above them of Services. */
  service(side: Side): Column {
    const owners = this.owner(side);
    return this.column(`service ${side}`, (flow, verdicts, ids) => {
      const { version } = verdicts;
      const service = side === 'src' ? verdicts.srcService : verdicts.dstService;
      for (let i = 0; i < flow.rows; i++) {
        if (service[i]! < 0) ids[i] = owners[i]!;
        else ids[i] = this.owners - 1 + this.serviceBase[version[i]!]! + service[i]!;
      }
    });
  }

  serviceText(id: number): string | null {
    const number = id - this.owners + 1;
    const version = versionOf(this.serviceBase, number);
    return servedName(this.names[version], number - this.serviceBase[version]!);
  }

  /** Ids of a rule column: 0 = none, 1 = implicit deny. Rows that are never judged have none. */
  rule(name: string, values: (verdicts: VerdictBatch) => Int32Array): Column {
    return this.column(name, (flow, verdicts, ids) => {
      if (!flow.judged) return void ids.fill(0, 0, flow.rows);
      const { version } = verdicts;
      const rules = values(verdicts);
      for (let i = 0; i < flow.rows; i++) {
        const rule = rules[i]!;
        ids[i] = rule >= 0 ? this.ruleBase[version[i]!]! + rule + 1 : rule === -1 ? 0 : 1;
      }
    });
  }

  ruleText(id: number, table: 'rules' | 'routeTarget' | 'routePrefix'): string | null {
    if (id === 0) return null;
    if (id === 1) return table === 'rules' ? 'implicit-deny' : null;
    const version = versionOf(this.ruleBase, id - 1);
    return this.names[version]?.[table][id - 1 - this.ruleBase[version]!] ?? null;
  }

  private column(name: string, fill: (flow: FlowBatch, verdicts: VerdictBatch, ids: Column) => void): Column {
    const { flow, verdicts } = this;
    if (flow === undefined || verdicts === undefined) throw new Error('no batch is bound');
    let column = this.columns.get(name);
    if (column === undefined || column.ids.length < flow.rows) {
      column = { ids: new Int32Array(flow.capacity), fresh: false };
      this.columns.set(name, column);
    }
    if (!column.fresh) {
      fill(flow, verdicts, column.ids);
      column.fresh = true;
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
