import { strict as assert } from 'node:assert';
import { type FileHandle, open } from 'node:fs/promises';
import { Dictionary, List, Message, MetadataVersion, makeData, type Schema, Utf8, Vector } from 'apache-arrow';
import { FileBlock, Footer } from 'apache-arrow/ipc/metadata/file';
import { FlowtrieError } from '../model/errors.ts';
import { arrowSchema, batchMessages, END_OF_STREAM, noRows, schemaMessage, stringsData } from './arrow.ts';
import type { OutputColumn } from './columns.ts';
import type { Assembly, WriteBytes } from './part.ts';

/**
 * Distinct values of one dictionary column of an Arrow file. They stay in memory until the file is closed: about 100 MB
 * a column at this bound.
 */
export const ARROW_DICTIONARY_MAX = 1_048_576;

/** `ARROW1`, padded to eight bytes at the start of the file, bare at its end. */
const MAGIC = Buffer.from('ARROW1');
const MAGIC_PADDED = Buffer.concat([MAGIC, Buffer.alloc(2)]);

/** In front of a message's metadata: continuation marker i32 −1 · length of the metadata i32. */
const PREFIX_BYTES = 8;

/** Metadata of the messages as apache-arrow decodes it. */
interface Region {
  readonly offset: number;
  readonly length: number;
}

/** The dictionary of one column over the whole file, and the current batch's index → the file's index. */
class FileDictionary {
  readonly values = new Map<string, number>();
  local: Int32Array = new Int32Array(0);
  readonly name: string;
  /** Which buffer of a record batch holds the indices. */
  readonly bufferIndex: number;

  constructor(name: string, bufferIndex: number) {
    this.name = name;
    this.bufferIndex = bufferIndex;
  }

  /** Takes in a batch's dictionary: Utf8 without nulls, buffers validity · offsets · bytes. */
  replace(body: Uint8Array, regions: readonly Region[], length: number, max: number): void {
    const [, offsets, bytes] = regions;
    assert(offsets !== undefined && bytes !== undefined, 'a Utf8 dictionary has three buffers');
    const view = new DataView(body.buffer, body.byteOffset + offsets.offset, offsets.length);
    const text = Buffer.from(body.buffer, body.byteOffset + bytes.offset, bytes.length);
    this.local = new Int32Array(length);
    for (let i = 0; i < length; i++) {
      const value = text.toString('utf8', view.getInt32(4 * i, true), view.getInt32(4 * i + 4, true));
      let index = this.values.get(value);
      if (index === undefined) {
        index = this.values.size;
        if (index >= max) throw tooManyValues(this.name, max);
        this.values.set(value, index);
      }
      this.local[i] = index;
    }
  }

  /** Rewrites a batch's indices in place. Null rows hold 0 and may have no entry to map to. */
  remap(body: Uint8Array, regions: readonly Region[], rows: number): void {
    const region = regions[this.bufferIndex];
    assert(region !== undefined && region.length >= 4 * rows, `indices of ${this.name} are cut short`);
    const indices = new Int32Array(body.buffer, body.byteOffset + region.offset, rows);
    for (let row = 0; row < rows; row++) indices[row] = this.local[indices[row] ?? 0] ?? 0;
  }
}

function tooManyValues(column: string, max: number): FlowtrieError {
  return new FlowtrieError(
    'output',
    `column ${column} has more than ${max} distinct values, too many for the dictionaries of one Arrow file: ` +
      'write the stream format instead (.arrows)',
  );
}

interface RawMessage {
  readonly message: Message;
  readonly metadata: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * The Arrow IPC file format from parts in the stream format. A file has one dictionary a column, which the last bytes
 * complete.
 */
export function arrowFileAssembly(
  columns: readonly OutputColumn[],
  dictionaryMax: number = ARROW_DICTIONARY_MAX,
): Assembly {
  const schema = arrowSchema(columns);
  const dictionaries = fileDictionaries(schema);
  const recordBlocks: FileBlock[] = [];
  const dictionaryBlocks: FileBlock[] = [];
  let position = 0;
  const put = async (write: WriteBytes, bytes: Uint8Array): Promise<void> => {
    await write(bytes);
    position += bytes.length;
  };
  const putMessage = async (write: WriteBytes, raw: RawMessage, blocks: FileBlock[]): Promise<void> => {
    blocks.push(new FileBlock(PREFIX_BYTES + raw.metadata.length, raw.body.length, position));
    await put(write, messagePrefix(raw.metadata.length));
    await put(write, raw.metadata);
    await put(write, raw.body);
  };
  return {
    async start(write) {
      await put(write, MAGIC_PADDED);
      await put(write, schemaMessage(schema));
    },
    async part(path, write) {
      for await (const raw of partMessages(path)) {
        const { message, body } = raw;
        if (message.isDictionaryBatch()) {
          const { id, buffers, data } = message.header();
          dictionaries.get(id)?.replace(body, buffers, data.length, dictionaryMax);
          continue;
        }
        assert(message.isRecordBatch(), 'a part holds dictionaries and record batches only');
        const { buffers, length } = message.header();
        for (const dictionary of dictionaries.values()) dictionary.remap(body, buffers, length);
        await putMessage(write, raw, recordBlocks);
      }
    },
    async end(write) {
      for (const raw of messagesOf(finalMessages(schema, dictionaries))) {
        if (raw.message.isDictionaryBatch()) await putMessage(write, raw, dictionaryBlocks);
      }
      await put(write, END_OF_STREAM);
      const footer = Footer.encode(new Footer(schema, MetadataVersion.V5, recordBlocks, dictionaryBlocks));
      await put(write, footer);
      await put(write, new Uint8Array(Int32Array.of(footer.length).buffer));
      await put(write, MAGIC);
    },
  };
}

/** By dictionary id, with the place of each column's indices: validity · values, for a list also those of its items. */
function fileDictionaries(schema: Schema): ReadonlyMap<number, FileDictionary> {
  const dictionaries = new Map<number, FileDictionary>();
  let buffers = 0;
  for (const { name, type } of schema.fields) {
    if (type instanceof Dictionary) dictionaries.set(type.id, new FileDictionary(name, buffers + 1));
    // Utf8: validity, offsets, bytes; List<Utf8>: validity, offsets and the three of Utf8
    buffers += type instanceof List ? 5 : type instanceof Utf8 ? 3 : 2;
  }
  return dictionaries;
}

/** The whole file's dictionaries as messages, followed by a record batch of no rows. */
function finalMessages(schema: Schema, dictionaries: ReadonlyMap<number, FileDictionary>): Uint8Array {
  const children = schema.fields.map(({ type }) => {
    if (!(type instanceof Dictionary)) return noRows(type);
    const values = [...(dictionaries.get(type.id)?.values.keys() ?? [])];
    return makeData({
      type,
      length: 0,
      nullCount: 0,
      data: new Int32Array(0),
      dictionary: new Vector([stringsData(values)]),
    });
  });
  return batchMessages(schema, children, 0);
}

function messagePrefix(metadataLength: number): Uint8Array {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeInt32LE(-1, 0);
  prefix.writeInt32LE(metadataLength, 4);
  return prefix;
}

function* messagesOf(bytes: Uint8Array): Generator<RawMessage> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const start = at + PREFIX_BYTES;
    const metadata = bytes.subarray(start, start + view.getInt32(at + 4, true));
    const message = Message.decode(metadata);
    at = start + metadata.length + message.bodyLength;
    yield { message, metadata, body: bytes.subarray(start + metadata.length, at) };
  }
}

/** Messages of a part file, one in memory at a time. */
async function* partMessages(path: string): AsyncGenerator<RawMessage> {
  const file = await open(path);
  try {
    for (let at = 0; ; ) {
      const prefix = await readExactly(file, at, PREFIX_BYTES);
      if (prefix === null) return;
      const metadata = await readExactly(file, at + PREFIX_BYTES, new DataView(prefix.buffer).getInt32(4, true));
      assert(metadata !== null, `${path} ends inside a message`);
      const message = Message.decode(metadata);
      const bodyAt = at + PREFIX_BYTES + metadata.length;
      const body = message.bodyLength === 0 ? new Uint8Array(0) : await readExactly(file, bodyAt, message.bodyLength);
      assert(body !== null, `${path} ends inside a message`);
      at = bodyAt + body.length;
      yield { message, metadata, body };
    }
  } finally {
    await file.close();
  }
}

/** `count` bytes at a position, in a buffer of their own; null at the end of the file. */
async function readExactly(file: FileHandle, position: number, count: number): Promise<Uint8Array<ArrayBuffer> | null> {
  const bytes = new Uint8Array(count);
  let filled = 0;
  while (filled < count) {
    const { bytesRead } = await file.read(bytes, filled, count - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  assert(filled === count || filled === 0, 'a part file is cut inside a message');
  return filled === count ? bytes : null;
}
