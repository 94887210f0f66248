import type { ColumnMemory } from './column-memory.ts';

/** What a member holds, in the order of src/kernel/columns/json.ts: a test compares them. */
export const JSON_KINDS = [
  'nothing',
  'words',
  'ids',
  'number8',
  'number16',
  'number32',
  'number64',
  'address',
  'effective',
] as const;
export type JsonKind = (typeof JSON_KINDS)[number];

/** Words of `JsonColumn` in src/kernel/columns/json.ts, in their order: a test compares them. */
export const JSON_COLUMN_WORDS = [
  'kind',
  'values',
  'size',
  'bit',
  'v6Bit',
  'v6Word',
  'valueOf',
  'offsets',
  'bytes',
  'key',
  'keyLength',
  'none',
  'noneLength',
  'record',
  'packet',
  'paired',
] as const;
type JsonWord = Exclude<(typeof JSON_COLUMN_WORDS)[number], 'kind'>;

/** Where the kernel reads what a member of the objects is, and where the batch has its values. */
export class JsonPlace {
  private readonly words: Uint32Array;
  private readonly memory: ColumnMemory;

  constructor(words: Uint32Array, memory: ColumnMemory) {
    this.words = words;
    this.memory = memory;
  }

  /** Byte address. */
  get at(): number {
    return this.words.byteOffset;
  }

  kind(kind: JsonKind): void {
    this.words[0] = JSON_KINDS.indexOf(kind);
  }

  set(name: JsonWord, value: number): void {
    this.words[JSON_COLUMN_WORDS.indexOf(name)] = value;
  }

  /** What stands in front of a value. */
  key(text: string): void {
    this.set('key', this.constant(text));
    this.set('keyLength', Buffer.byteLength(text));
  }

  /** What is written when there is none. */
  none(text: string): void {
    this.set('none', this.constant(text));
    this.set('noneLength', Buffer.byteLength(text));
  }

  private constant(text: string): number {
    const bytes = Buffer.from(text);
    const placed = this.memory.u8(bytes.length);
    placed.set(bytes);
    return placed.byteOffset;
  }
}
