import { strict as assert } from 'node:assert';
import { type DataType, Dictionary, Int32, List, MetadataVersion, type Schema, Utf8 } from 'apache-arrow';
import { FileBlock, Footer } from 'apache-arrow/ipc/metadata/file';
import { FlowtrieError } from '../model/errors.ts';
import { KernelHeap } from '../model/kernel-heap.ts';
import { arrowSchema, dictionaryBytes, END_OF_STREAM, type Message, schemaMessage, wordMessages } from './arrow.ts';
import { ArrowBody, type Node, type Region } from './arrow-body.ts';
import type { ArrowCodec } from './arrow-compression.ts';
import { recordMessage } from './arrow-messages.ts';
import { ByteIds } from './byte-ids.ts';
import { ColumnMemory } from './column-memory.ts';
import type { OutputColumn } from './columns.ts';
import type { Assembly, WriteBytes } from './part.ts';
import { PartWindow } from './part-window.ts';

/**
 * Distinct values of one dictionary column of an Arrow file. They stay in memory until the file is closed: about 100 MB
 * a column at this bound.
 */
export const ARROW_DICTIONARY_MAX = 1_048_576;

/** `ARROW1`, padded to eight bytes at the start of the file, bare at its end. */
const MAGIC = Buffer.from('ARROW1');
const MAGIC_PADDED = Buffer.concat([MAGIC, Buffer.alloc(2)]);

/** The dictionary of one column over the whole file, and the current batch's index → the file's index. */
class FileDictionary {
  readonly values: ByteIds;
  private readonly memory: ColumnMemory;
  /** By index of the batch: the file's index + 1. */
  private local: Int32Array = new Int32Array(0);
  readonly name: string;
  /** Which buffer of a record batch holds the codes, and which field node says how many. */
  private readonly bufferIndex: number;
  private readonly nodeIndex: number;

  constructor(name: string, bufferIndex: number, nodeIndex: number, memory: ColumnMemory) {
    this.memory = memory;
    this.values = new ByteIds(memory);
    this.name = name;
    this.bufferIndex = bufferIndex;
    this.nodeIndex = nodeIndex;
  }

  /** Takes in a batch's dictionary: Utf8 without nulls, buffers validity · offsets · bytes. */
  replace(body: Uint8Array, regions: readonly Region[], length: number, max: number): void {
    const [, offsets, bytes] = regions;
    assert(offsets !== undefined && bytes !== undefined, 'a Utf8 dictionary has three buffers');
    const from = body.byteOffset;
    const texts = this.values.reachable({
      offsets: new Int32Array(body.buffer, from + offsets.offset, length + 1),
      bytes: new Uint8Array(body.buffer, from + bytes.offset, bytes.length),
    });
    this.local = this.values.numberTexts(texts);
    if (this.values.size - 1 > max) throw tooManyValues(this.name, max);
  }

  /** Rewrites a batch's indices in place, in the kernel's memory. Null rows hold 0 and may have no entry to map to. */
  remap(body: Uint8Array, regions: readonly Region[], nodes: readonly Node[]): void {
    const region = regions[this.bufferIndex];
    const rows = nodes[this.nodeIndex]?.length ?? 0;
    assert(region !== undefined && region.length >= 4 * rows, `indices of ${this.name} are cut short`);
    const { local } = this;
    if (local.length === 0 || local.every((index, i) => index === i + 1)) return;
    this.memory.kernel.mapCodes(body.byteOffset + region.offset, rows, local.byteOffset);
  }
}

function tooManyValues(column: string, max: number): FlowtrieError {
  return new FlowtrieError(
    'output',
    `column ${column} has more than ${max} distinct values, too many for the dictionaries of one Arrow file: ` +
      'write the stream format instead (.arrows)',
  );
}

/**
 * The Arrow IPC file format from parts in the stream format. A file has one dictionary a column, which the last bytes
 * complete.
 */
export function arrowFileAssembly(
  columns: readonly OutputColumn[],
  codec: ArrowCodec | null = null,
  dictionaryMax: number = ARROW_DICTIONARY_MAX,
): Assembly {
  const schema = arrowSchema(columns);
  const memory = new ColumnMemory(new KernelHeap());
  const dictionaries = fileDictionaries(schema, memory);
  const window = new PartWindow(memory);
  const recordBlocks: FileBlock[] = [];
  const dictionaryBlocks: FileBlock[] = [];
  let position = 0;
  const put = async (write: WriteBytes, bytes: Uint8Array): Promise<void> => {
    await write(bytes);
    position += bytes.length;
  };
  const putMessage = async (write: WriteBytes, [metadata, body]: Message, blocks: FileBlock[]): Promise<void> => {
    blocks.push(new FileBlock(metadata.length, body.length, position));
    await put(write, metadata);
    await put(write, body);
  };
  return {
    copies: false,
    async start(write) {
      await put(write, MAGIC_PADDED);
      await put(write, schemaMessage(schema));
    },
    async part(part, write) {
      for await (const raw of window.messages(part)) {
        const { message, body } = raw;
        if (message.isDictionaryBatch()) {
          const { id, buffers, data } = message.header();
          dictionaries.get(id)?.replace(body, buffers, data.length, dictionaryMax);
          continue;
        }
        assert(message.isRecordBatch(), 'a part holds dictionaries and record batches only');
        const { buffers, nodes, length } = message.header();
        for (const dictionary of dictionaries.values()) dictionary.remap(body, buffers, nodes);
        const written: Message =
          codec === null ? [raw.metadata, body] : packedRecord(length, body, nodes, buffers, codec);
        await putMessage(write, written, recordBlocks);
      }
    },
    async end(write) {
      for (const message of wordMessages(columns)) await putMessage(write, message, dictionaryBlocks);
      for (const [id, { values }] of dictionaries) {
        await putMessage(write, dictionaryBytes(id, values.all(), codec), dictionaryBlocks);
      }
      await put(write, END_OF_STREAM);
      const footer = Footer.encode(new Footer(schema, MetadataVersion.V5, recordBlocks, dictionaryBlocks));
      await put(write, footer);
      await put(write, new Uint8Array(Int32Array.of(footer.length).buffer));
      await put(write, MAGIC);
    },
  };
}

/** The record batch again, its buffers compressed. */
function packedRecord(
  rows: number,
  body: Uint8Array,
  nodes: readonly Node[],
  regions: readonly Region[],
  codec: ArrowCodec,
): Message {
  const packed = ArrowBody.of(body, nodes, regions).packed(codec.compress);
  return [recordMessage(rows, packed, codec), packed.view()];
}

/** By dictionary id, with the place of each column's codes among the buffers and field nodes of a record batch. */
function fileDictionaries(schema: Schema, memory: ColumnMemory): ReadonlyMap<number, FileDictionary> {
  const dictionaries = new Map<number, FileDictionary>();
  let buffers = 0;
  let nodes = 0;
  for (const { name, type } of schema.fields) {
    // List: validity, offsets, and of its items validity and codes; Utf8: validity, offsets, bytes
    if (type instanceof Dictionary && type.indices instanceof Int32)
      dictionaries.set(type.id, new FileDictionary(name, buffers + 1, nodes, memory));
    const items: DataType | undefined = type instanceof List ? type.children[0]?.type : undefined;
    if (items instanceof Dictionary)
      dictionaries.set(items.id, new FileDictionary(name, buffers + 3, nodes + 1, memory));
    buffers += type instanceof List ? 4 : type instanceof Utf8 ? 3 : 2;
    nodes += type instanceof List ? 2 : 1;
  }
  return dictionaries;
}
