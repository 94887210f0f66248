import type { FlowBatch } from '../model/flow.ts';
import { formatIpv6 } from '../model/ip.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import type { ColumnMemory } from './column-memory.ts';
import { ADDRESS_FIELDS, type AddressField, type AddressName, type Side } from './rows.ts';
import { TextBuffer } from './text-buffer.ts';

/** u32 of a record: family, then one word or four. */
const RECORD_WORDS = 5;
const SLOTS_AT_FIRST = 8192;
/** Addresses that are kept for the next chunk. */
const KEPT_MAX = 262_144;

/** Words of `Addresses` and `Field` in src/kernel/columns/addresses.ts, in their order: a test compares them. */
export const ADDRESSES_WORDS = ['slots4', 'slots6', 'mask', 'records', 'count', 'limit'] as const;
export const FIELD_WORDS = [
  'bit',
  'v6Bit',
  'values',
  'v6Word',
  'likeMask',
  'likeBits',
  'likeValues',
  'likeIds',
] as const;
const COUNT = ADDRESSES_WORDS.indexOf('count');

/** The addresses that a worker met, numbered from 1 in order of appearance; 0 = no address. */
export class AddressIds {
  /** Text of each id; the first stands for none. */
  readonly texts: TextBuffer;
  private readonly memory: ColumnMemory;
  private readonly table: Uint32Array;
  private readonly field: Uint32Array;
  /** Address or hash, and id, a slot. */
  private slots4: Uint32Array;
  private slots6: Uint32Array;
  private records: Uint32Array;

  constructor(memory: ColumnMemory) {
    this.memory = memory;
    this.table = memory.u32(ADDRESSES_WORDS.length);
    this.field = memory.u32(FIELD_WORDS.length);
    this.slots4 = memory.u32(2 * SLOTS_AT_FIRST);
    this.slots6 = memory.u32(2 * SLOTS_AT_FIRST);
    this.records = memory.u32((SLOTS_AT_FIRST / 2) * RECORD_WORDS);
    this.texts = new TextBuffer(memory);
    this.clear();
  }

  /**
   * Ids of a field of each row, into ids[at …]. `like`: another field that mostly holds the same addresses, and its
   * ids, to look at first.
   */
  number(
    flow: FlowBatch,
    name: AddressName,
    ids: Int32Array,
    at: number,
    like: AddressName | null,
    known: Int32Array,
  ): void {
    this.placeField(flow, ADDRESS_FIELDS[name], like === null ? null : ADDRESS_FIELDS[like], known.byteOffset + 4 * at);
    const { kernel } = this.memory;
    const [present, v6, out] = [flow.present.byteOffset, flow.v6.byteOffset, ids.byteOffset + 4 * at];
    this.fill(flow.rows, (from) =>
      kernel.addressIds(this.table.byteOffset, this.field.byteOffset, present, v6, out, from, flow.rows),
    );
  }

  /** Ids of the effective address of a side, into ids[at …], from those of the record and of the packet. */
  effective(
    { rows }: FlowBatch,
    verdicts: VerdictBatch,
    side: Side,
    record: Int32Array,
    packet: Int32Array,
    ids: Int32Array,
    at: number,
  ): void {
    const { kernel } = this.memory;
    const where = (side === 'src' ? verdicts.srcEffective : verdicts.dstEffective).byteOffset;
    const paired = verdicts.pairedAddress.byteOffset;
    const [from4, from8, out] = [record, packet, ids].map((array) => array.byteOffset + 4 * at) as [
      number,
      number,
      number,
    ];
    this.fill(rows, (from) => kernel.effectiveIds(this.table.byteOffset, where, from4, from8, paired, out, from, rows));
  }

  /** The next chunk begins: ids stay what they are, unless they are too many. */
  reset(): void {
    if (this.table[COUNT]! > KEPT_MAX) this.clear();
  }

  private clear(): void {
    this.table[COUNT] = 0;
    this.placeTable();
    this.texts.clear();
    this.texts.addText('');
  }

  /** Calls the kernel until all rows are done, and makes the texts of what is new. */
  private fill(rows: number, call: (from: number) => number): void {
    for (let row = call(0); row < rows; row = call(row)) this.grow();
    const { texts, records } = this;
    const count = this.table[COUNT]!;
    for (let id = texts.count; id <= count; id++) {
      const at = id * RECORD_WORDS;
      if (records[at] === 4) texts.addIpv4(records[at + 1]!);
      else texts.addText(formatIpv6(records[at + 1]!, records[at + 2]!, records[at + 3]!, records[at + 4]!));
    }
  }

  private grow(): void {
    const { memory } = this;
    this.slots4 = memory.longer(this.slots4, 2 * this.slots4.length);
    this.slots6 = memory.longer(this.slots6, 2 * this.slots6.length);
    this.records = memory.longer(this.records, 2 * this.records.length);
    this.placeTable();
    memory.kernel.placeAddresses(this.table.byteOffset);
  }

  /** Clears the slots and tells the kernel where they are. */
  private placeTable(): void {
    const { slots4, slots6, records } = this;
    slots4.fill(0);
    slots6.fill(0);
    const slots = slots4.length / 2;
    // id 0 has a record, too
    const limit = slots / 2 - 1;
    this.table.set([slots4.byteOffset, slots6.byteOffset, slots - 1, records.byteOffset, this.table[COUNT]!, limit]);
  }

  private placeField(flow: FlowBatch, field: AddressField, like: AddressField | null, likeIds: number): void {
    const { bit, v6Bit, v6Word } = field;
    const values = field.values(flow).byteOffset;
    const likeBits = like === null ? 0 : bit | like.bit;
    const likeMask = like === null ? 0 : likeBits | v6Bit | like.v6Bit;
    const likeValues = (like ?? field).values(flow).byteOffset;
    this.field.set([bit, v6Bit, values, v6Word, likeMask, likeBits, likeValues, likeIds]);
  }
}
