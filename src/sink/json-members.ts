import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import type { IdValues } from './chunk-dictionary.ts';
import type { ChunkIds } from './chunk-ids.ts';
import type { ColumnMemory } from './column-memory.ts';
import type { JsonKind, JsonPlace } from './json-place.ts';
import { ADDRESS_FIELDS, type AddressField, type Side, type TypedField, wordOf } from './rows.ts';
import { TextBuffer } from './text-buffer.ts';

/** A member of the objects that rows become, or several that depend on one id. */
export interface JsonMember {
  /** Tells the kernel where a batch has its values. */
  bind(flow: FlowBatch, verdicts: VerdictBatch, ids: ChunkIds): void;
  /** Makes the text of a row of the batch that is not known yet. */
  learn?(row: number): void;
  /** The next task begins. */
  reset?(): void;
}

type Value = string | null | readonly string[];

/** `,"a":"x","b":null` */
export function members(values: Readonly<Record<string, Value>>): string {
  return Object.entries(values)
    .map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`)
    .join('');
}

/** All null. */
function noMembers(names: readonly string[]): string {
  return members(Object.fromEntries(names.map((name) => [name, null])));
}

const keyOf = (name: string): string => `,${JSON.stringify(name)}:`;

/** Null in every row. */
export function nothing(place: JsonPlace, name: string): JsonMember {
  place.kind('nothing');
  place.none(noMembers([name]));
  return { bind: () => {} };
}

/** Closed words; `has` says whether the rows of a batch have any. */
export class WordMember implements JsonMember {
  private readonly place: JsonPlace;
  private readonly words: readonly string[];
  private readonly values: (flow: FlowBatch, verdicts: VerdictBatch) => Uint8Array;
  private readonly has: (flow: FlowBatch) => boolean;
  private bound: Uint8Array = new Uint8Array(0);

  constructor(
    place: JsonPlace,
    memory: ColumnMemory,
    name: string,
    words: readonly string[],
    bit: number,
    values: (flow: FlowBatch, verdicts: VerdictBatch) => Uint8Array,
    has: (flow: FlowBatch) => boolean,
  ) {
    this.place = place;
    this.words = words;
    this.values = values;
    this.has = has;
    const texts = new TextBuffer(memory);
    texts.addText('');
    for (const code of words.keys()) texts.addText(members({ [name]: wordOf(words, code) }));
    const { offsets, bytes } = texts.view();
    place.none(noMembers([name]));
    place.set('size', words.length);
    place.set('bit', bit);
    place.set('offsets', offsets.byteOffset);
    place.set('bytes', bytes.byteOffset);
  }

  bind(flow: FlowBatch, verdicts: VerdictBatch): void {
    this.bound = this.values(flow, verdicts);
    this.place.kind(this.has(flow) ? 'words' : 'nothing');
    this.place.set('values', this.bound.byteOffset);
  }

  /** Throws: the code is outside its table. */
  learn(row: number): void {
    wordOf(this.words, this.bound[row]);
  }
}

/** Texts behind ids, made once for each. */
export interface JsonIds {
  /** Of all rows of the batch; 0 = null. */
  ids(flow: FlowBatch, verdicts: VerdictBatch, ids: ChunkIds): Int32Array;
  readonly values: IdValues;
  /** Ids there are. */
  size(ids: ChunkIds): number;
  reset?(): void;
}

export class IdMember implements JsonMember {
  private readonly place: JsonPlace;
  private readonly source: JsonIds;
  private ids: Int32Array = new Int32Array(0);

  constructor(place: JsonPlace, names: readonly string[], source: JsonIds) {
    this.place = place;
    this.source = source;
    place.kind('ids');
    place.none(noMembers(names));
  }

  bind(flow: FlowBatch, verdicts: VerdictBatch, ids: ChunkIds): void {
    const { source, place } = this;
    this.ids = source.ids(flow, verdicts, ids);
    source.values.reserve(source.size(ids));
    place.set('values', this.ids.byteOffset);
    place.set('valueOf', source.values.valueOf.byteOffset);
    this.placeTexts();
  }

  learn(row: number): void {
    this.source.values.learn(this.ids[row]!);
    this.placeTexts();
  }

  reset(): void {
    this.source.reset?.();
  }

  private placeTexts(): void {
    const { offsets, bytes } = this.source.values.texts.view();
    this.place.set('offsets', offsets.byteOffset);
    this.place.set('bytes', bytes.byteOffset);
  }
}

/** What a row has of a column whose texts are made batch by batch; null = nothing. */
export type RowText = (flow: FlowBatch, verdicts: VerdictBatch, row: number) => string | null;

/** JSON that mostly no row has. `any` says whether one of a batch may have some. */
export class RowTextMember implements JsonMember {
  private readonly place: JsonPlace;
  private readonly memory: ColumnMemory;
  private readonly name: string;
  private readonly any: (flow: FlowBatch, verdicts: VerdictBatch) => boolean;
  private readonly text: RowText;
  private readonly texts: TextBuffer;
  private readonly known = new Map<string, number>();
  private ids: Int32Array;

  constructor(
    place: JsonPlace,
    memory: ColumnMemory,
    name: string,
    any: (flow: FlowBatch, verdicts: VerdictBatch) => boolean,
    text: RowText,
  ) {
    this.place = place;
    this.memory = memory;
    this.name = name;
    this.any = any;
    this.text = text;
    this.texts = new TextBuffer(memory);
    this.ids = memory.i32(1);
    place.none(noMembers([name]));
  }

  bind(flow: FlowBatch, verdicts: VerdictBatch): void {
    const { place, known, texts, name } = this;
    const any = this.any(flow, verdicts);
    place.kind(any ? 'ids' : 'nothing');
    if (!any) return;
    texts.clear();
    texts.addText('');
    known.clear();
    this.ids = this.memory.longer(this.ids, flow.rows);
    const { ids } = this;
    for (let row = 0; row < flow.rows; row++) {
      const text = this.text(flow, verdicts, row);
      if (text === null) {
        ids[row] = 0;
        continue;
      }
      let id = known.get(text);
      if (id === undefined) {
        id = texts.count;
        known.set(text, id);
        texts.addText(`${keyOf(name)}${text}`);
      }
      ids[row] = id;
    }
    const { offsets, bytes } = texts.view();
    place.set('values', ids.byteOffset);
    place.set('offsets', offsets.byteOffset);
    place.set('bytes', bytes.byteOffset);
  }
}

/** Numbers that the decoder holds. */
export class NumberMember implements JsonMember {
  private readonly place: JsonPlace;
  private readonly field: Extract<TypedField, { kind: 'number' | 'u64' }>;

  constructor(place: JsonPlace, name: string, field: Extract<TypedField, { kind: 'number' | 'u64' }>) {
    this.place = place;
    this.field = field;
    place.key(keyOf(name));
    place.none(noMembers([name]));
    place.set('bit', field.bit);
  }

  bind(flow: FlowBatch): void {
    const { place, field } = this;
    const values = field.values(flow);
    place.kind(field.kind === 'u64' ? 'number64' : kindOf(values));
    place.set('values', values.byteOffset);
  }
}

function kindOf(values: Uint8Array | Uint16Array | Uint32Array): JsonKind {
  return values instanceof Uint8Array ? 'number8' : values instanceof Uint16Array ? 'number16' : 'number32';
}

function placeField(place: JsonPlace, { bit, v6Bit, v6Word }: AddressField): void {
  place.set('bit', bit);
  place.set('v6Bit', v6Bit);
  place.set('v6Word', v6Word);
}

/** An address of the record. */
export class AddressMember implements JsonMember {
  private readonly place: JsonPlace;
  private readonly field: AddressField;

  constructor(place: JsonPlace, name: string, field: AddressField) {
    this.place = place;
    this.field = field;
    place.kind('address');
    place.key(`${keyOf(name)}"`);
    place.none(noMembers([name]));
    placeField(place, field);
  }

  bind(flow: FlowBatch): void {
    this.place.set('values', this.field.values(flow).byteOffset);
  }
}

/** The effective packet address of a side: of the record, of the packet, or the one that pairing found. */
export class EffectiveMember implements JsonMember {
  private readonly place: JsonPlace;
  private readonly side: Side;
  private readonly fields: readonly (readonly [JsonPlace, AddressField])[];

  constructor(place: JsonPlace, side: Side, name: string, record: JsonPlace, packet: JsonPlace) {
    this.place = place;
    this.side = side;
    place.kind('effective');
    place.key(`${keyOf(name)}"`);
    place.none(noMembers([name]));
    place.set('record', record.at);
    place.set('packet', packet.at);
    const fields = ADDRESS_FIELDS;
    this.fields = [
      [record, side === 'src' ? fields.srcaddr : fields.dstaddr],
      [packet, side === 'src' ? fields.pkt_srcaddr : fields.pkt_dstaddr],
    ];
    for (const [field, of] of this.fields) placeField(field, of);
  }

  bind(flow: FlowBatch, { srcEffective, dstEffective, pairedAddress }: VerdictBatch): void {
    const { place, fields } = this;
    place.set('values', (this.side === 'src' ? srcEffective : dstEffective).byteOffset);
    place.set('paired', pairedAddress.byteOffset);
    for (const [field, { values }] of fields) field.set('values', values(flow).byteOffset);
  }
}
