import type { FlowBatch } from '../model/flow.ts';
import type { Names } from '../model/names.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import { AddressIds } from './address-ids.ts';
import { ChunkDictionary, IdValues } from './chunk-dictionary.ts';
import type { ColumnMemory } from './column-memory.ts';
import { type AddressName, NO_INDEX, type OwnerNames, type RowContext, type Side, servedName } from './rows.ts';

type Ids = Int32Array;
type Fill = (flow: FlowBatch, verdicts: VerdictBatch, ids: Ids, at: number) => void;

type VersionName = 'inventory_version' | 'agreeing_version';

const ROWS_AT_FIRST = 4096;

/**
 * Numbers of what columns of a chunk share, for every row: addresses, owners, and rules over all inventory versions.
 * Each is filled once a batch, when the first column asks.
 */
export class ChunkIds {
  readonly addresses: AddressIds;
  readonly dictionary: ChunkDictionary;
  private readonly memory: ColumnMemory;
  private readonly names: readonly Names[];
  private readonly versionLabels: readonly string[];
  /** Number of the first pod, rule of each version. */
  private readonly ownerBase: readonly number[];
  private readonly ruleBase: readonly number[];
  private readonly serviceBase: readonly number[];
  private readonly columns = new Map<string, { ids: Ids; rows: number }>();
  private flow: FlowBatch | undefined;
  private verdicts: VerdictBatch | undefined;
  /** Rows in front of the batch. */
  private at = 0;
  /** Ids of interfaces, 0 = none. */
  interfaces = 1;
  /** Bits of `present` that all rows of the batch have. */
  allPresent = 0;
  /** First numbers by version, as the kernel reads them. */
  private readonly bases: {
    readonly pods: number;
    readonly enis: number;
    readonly rules: number;
    readonly services: number;
  };
  /** By what the values are. */
  private readonly values = new Map<string, IdValues>();

  constructor({ names, versionLabels }: RowContext, memory: ColumnMemory) {
    this.names = names;
    this.versionLabels = versionLabels;
    this.memory = memory;
    this.addresses = new AddressIds(memory);
    this.dictionary = new ChunkDictionary(memory);
    this.ownerBase = bases(names.map(({ pods, enis }) => pods.length + enis.length));
    this.ruleBase = bases(names.map(({ rules }) => rules.length));
    this.serviceBase = bases(names.map(({ services }) => services.length));
    const placed = (numbers: readonly number[]): number => {
      const array = memory.i32(numbers.length);
      array.set(numbers);
      return array.byteOffset;
    };
    this.bases = {
      pods: placed(this.ownerBase),
      enis: placed(names.map(({ pods }, v) => this.ownerBase[v]! + pods.length)),
      rules: placed(this.ruleBase),
      services: placed(this.serviceBase),
    };
  }

  /** Texts of ids that mean the same for the whole run, by a name of theirs. */
  valuesOf(name: string, textOf: (id: number) => string | null): IdValues {
    let values = this.values.get(name);
    if (values === undefined) {
      values = new IdValues(this.memory, textOf);
      this.values.set(name, values);
    }
    return values;
  }

  bind(flow: FlowBatch, verdicts: VerdictBatch, at: number): void {
    this.flow = flow;
    this.verdicts = verdicts;
    this.at = at;
    this.allPresent = this.memory.kernel.allBits(flow.present.byteOffset, flow.rows);
  }

  /** The next chunk begins. */
  reset(): void {
    this.addresses.reset();
    for (const column of this.columns.values()) column.rows = 0;
  }

  /** Ids of owners, 0 = nobody. */
  get owners(): number {
    return this.ownerBase[this.names.length]!;
  }

  /** Ids of rules, 0 = none, 1 = implicit deny, or no router. */
  get rules(): number {
    return this.ruleBase[this.names.length]! + 1;
  }

  /** Ids of versions, and one more. */
  get versions(): number {
    return this.versionLabels.length + 1;
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
      this.addresses.number(flow, name, ids, at, packet ? like : null, known ?? ids);
    });
  }

  /** Ids of the effective packet address of a side. */
  effective(side: Side): Ids {
    const record = this.address(side === 'src' ? 'srcaddr' : 'dstaddr');
    const packet = this.address(side === 'src' ? 'pkt_srcaddr' : 'pkt_dstaddr');
    return this.column(`effective ${side}`, (flow, verdicts, ids, at) => {
      this.addresses.effective(flow, verdicts, side, record, packet, ids, at);
    });
  }

  owner(side: Side): Ids {
    return this.column(`owner ${side}`, ({ rows }, verdicts, ids, at) => {
      const kind = side === 'src' ? verdicts.srcKind : verdicts.dstKind;
      const owner = side === 'src' ? verdicts.srcOwner : verdicts.dstOwner;
      const [version, out] = [verdicts.version.byteOffset, ids.byteOffset + 4 * at];
      const { pods, enis } = this.bases;
      this.memory.kernel.ownerIds(kind.byteOffset, owner.byteOffset, version, pods, enis, out, rows);
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
    return this.column(`service ${side}`, ({ rows }, verdicts, ids, at) => {
      const service = (side === 'src' ? verdicts.srcService : verdicts.dstService).byteOffset;
      const [version, out] = [verdicts.version.byteOffset, ids.byteOffset + 4 * at];
      const first = this.owners - 1;
      const from = owners.byteOffset + 4 * at;
      this.memory.kernel.serviceIds(service, from, version, this.bases.services, first, out, rows);
    });
  }

  /** Name of a Service, or the one that an owner's interface has. */
  serviceText(id: number): string | null {
    if (id < this.owners) return this.ownerText(id, 'service');
    const number = id - this.owners + 1;
    const version = versionOf(this.serviceBase, number);
    return servedName(this.names[version], number - this.serviceBase[version]!);
  }

  /** Ids of inventory versions: their index; of the one that agrees one more, 0 = none does. */
  version(name: VersionName): Ids {
    return this.column(name, ({ rows }, { version, agreeing }, ids, at) => {
      const values = name === 'inventory_version' ? version : agreeing;
      this.memory.kernel.widen16(values.byteOffset, ids.byteOffset + 4 * at, rows);
    });
  }

  versionText(name: VersionName, id: number): string | null {
    return this.versionLabels[name === 'inventory_version' ? id : id - 1] ?? null;
  }

  /** Ids of the task's interfaces, 0 = none; `bit` of `present` says whether a row has one. */
  interface(bit: number): Ids {
    return this.column('interface', ({ present, rows, interfaceId }, _, ids, at) => {
      const { kernel } = this.memory;
      const out = ids.byteOffset + 4 * at;
      const most = kernel.interfaceIds(present.byteOffset, bit, interfaceId.byteOffset, out, rows);
      this.interfaces = Math.max(this.interfaces, most + 1);
    });
  }

  /** Ids of a rule column: 0 = none, 1 = implicit deny. Rows that are never judged have none. */
  rule(name: string, values: (verdicts: VerdictBatch) => Int32Array): Ids {
    return this.column(name, (flow, verdicts, ids, at) => {
      const { kernel } = this.memory;
      const out = ids.byteOffset + 4 * at;
      if (!flow.judged) kernel.fill(out, 0, 4 * flow.rows);
      else {
        kernel.ruleIds(values(verdicts).byteOffset, verdicts.version.byteOffset, this.bases.rules, out, flow.rows);
      }
    });
  }

  ruleText(id: number, table: 'rules' | 'routeTarget' | 'routePrefix'): string | null {
    if (id === 0) return null;
    if (id === 1) return NO_INDEX[table];
    const version = versionOf(this.ruleBase, id - 1);
    return this.names[version]?.[table][id - 1 - this.ruleBase[version]!] ?? null;
  }

  /** Ids of all rows so far. */
  column(name: string, fill: Fill): Ids {
    const { flow, verdicts, at } = this;
    if (flow === undefined || verdicts === undefined) throw new Error('no batch is bound');
    let column = this.columns.get(name);
    if (column === undefined) {
      column = { ids: this.memory.i32(ROWS_AT_FIRST), rows: 0 };
      this.columns.set(name, column);
    }
    const end = at + flow.rows;
    if (column.rows < end) {
      column.ids = this.memory.longer(column.ids, end);
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
