import { strict as assert } from 'node:assert';
import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import { CarriedText } from './carried-ids.ts';
import { ChunkIds } from './chunk-ids.ts';
import { ColumnMemory } from './column-memory.ts';
import { columnsOfMember, type JsonParts, jsonMember } from './json-columns.ts';
import type { JsonMember } from './json-members.ts';
import { JSON_COLUMN_WORDS, JsonPlace } from './json-place.ts';
import type { BatchEncoder } from './part.ts';
import { CarriedFields, type RowContext } from './rows.ts';

/** Words of `JsonRows` in src/kernel/columns/json.ts, in their order: a test compares them. */
export const JSON_ROWS_WORDS = [
  'columns',
  'count',
  'present',
  'v6',
  'octets',
  'pairs',
  'out',
  'room',
  'length',
  'stop',
] as const;
const [LENGTH, STOP] = [JSON_ROWS_WORDS.indexOf('length'), JSON_ROWS_WORDS.indexOf('stop')];

/** Bytes of a piece: what is copied out of it is still in the second-level cache. */
const PIECE_BYTES = 256 * 1024;
/** The kernel may write so far behind a piece. */
const MARGIN_BYTES = 64;

/**
 * NDJSON: one object a row, every column a key in column order, absent = null, 64-bit integers as exact literals. The
 * kernel writes it (src/kernel/columns/json.ts); texts are made here, once for each id.
 */
export function ndjsonEncoder(context: RowContext): BatchEncoder {
  const memory = new ColumnMemory(context.heap);
  const rows = new JsonRows(context, memory);
  return {
    encode: (flow, verdicts) => rows.pieces(flow, verdicts),
    begin: () => rows.reset(),
    release: () => memory.release(),
  };
}

class JsonRows {
  private readonly memory: ColumnMemory;
  private readonly parts: JsonParts;
  private readonly members: readonly JsonMember[];
  private readonly words: Uint32Array;
  /** Of the members, one behind the other. */
  private readonly columns: number;
  private readonly octets: number;
  private readonly pairs: number;
  private out: Uint8Array;

  constructor(context: RowContext, memory: ColumnMemory) {
    this.memory = memory;
    const carried = new CarriedFields(context);
    this.parts = {
      context,
      memory,
      ids: new ChunkIds(context, memory),
      carried,
      carriedText: new CarriedText(memory),
    };
    const { columns } = context;
    const size = JSON_COLUMN_WORDS.length;
    // one a column at most; those that a member makes besides lie elsewhere
    const places = memory.u32(size * columns.length);
    this.columns = places.byteOffset;
    const members: JsonMember[] = [];
    for (let i = 0, count = 1; i < columns.length; i += count) {
      count = columnsOfMember(columns, i);
      let made = 0;
      const place = (): JsonPlace => {
        const at = members.length * size;
        const words = made++ === 0 ? places.subarray(at, at + size) : memory.u32(size);
        return new JsonPlace(words.fill(0), memory);
      };
      members.push(jsonMember(columns.slice(i, i + count), i, this.parts, place));
    }
    this.members = members;
    this.words = memory.u32(JSON_ROWS_WORDS.length);
    this.octets = octetDigits(memory).byteOffset;
    this.pairs = digitPairs(memory).byteOffset;
    this.out = memory.u8(PIECE_BYTES + MARGIN_BYTES);
  }

  reset(): void {
    for (const member of this.members) member.reset?.();
  }

  *pieces(flow: FlowBatch, verdicts: VerdictBatch): Generator<Uint8Array> {
    this.bind(flow, verdicts);
    const { words, members, memory } = this;
    for (let row = 0; row < flow.rows; ) {
      row = memory.kernel.jsonRows(words.byteOffset, row, flow.rows);
      const stop = words[STOP]!;
      if (row < flow.rows && stop > 0) {
        const member = members[stop - 1];
        assert(member?.learn !== undefined);
        member.learn(row);
        continue;
      }
      if (words[LENGTH] === 0) this.grow();
      else yield this.out.subarray(0, words[LENGTH]);
      words[LENGTH] = 0;
    }
  }

  private bind(flow: FlowBatch, verdicts: VerdictBatch): void {
    const { carried, carriedText, ids } = this.parts;
    carried.bind(flow);
    carriedText.bind(flow, carried);
    ids.reset();
    ids.bind(flow, verdicts, 0);
    for (const member of this.members) member.bind(flow, verdicts, ids);
    const { words, columns, members, octets, pairs } = this;
    words.set([columns, members.length, flow.present.byteOffset, flow.v6.byteOffset, octets, pairs]);
    words[LENGTH] = 0;
    this.placeOut();
  }

  /** One row is longer than what there is room for. */
  private grow(): void {
    const { length } = this.out;
    this.memory.give(this.out);
    this.out = this.memory.u8(2 * length);
    this.placeOut();
  }

  private placeOut(): void {
    const { words, out } = this;
    words[JSON_ROWS_WORDS.indexOf('out')] = out.byteOffset;
    words[JSON_ROWS_WORDS.indexOf('room')] = out.length - MARGIN_BYTES;
  }
}

/** u32 by octet: its digits, lowest byte first, and how many in the highest byte. */
function octetDigits(memory: ColumnMemory): Uint32Array {
  const digits = memory.u32(256);
  for (let octet = 0; octet < 256; octet++) {
    const text = Buffer.from(String(octet).padEnd(3, '\0'));
    digits[octet] = text.readUIntLE(0, 3) | (String(octet).length << 24);
  }
  return digits;
}

/** u16 by number below 100: two digits, lowest byte first. */
function digitPairs(memory: ColumnMemory): Uint16Array {
  const pairs = memory.u16(100);
  for (let pair = 0; pair < 100; pair++) pairs[pair] = Buffer.from(String(pair).padStart(2, '0')).readUInt16LE();
  return pairs;
}
