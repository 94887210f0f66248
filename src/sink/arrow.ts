import { strict as assert } from 'node:assert';
import {
  type DataType,
  Dictionary,
  Field,
  Int8,
  Int32,
  Int64,
  List,
  RecordBatchStreamWriter,
  Schema,
  Uint8,
  Uint16,
  Uint64,
  Utf8,
} from 'apache-arrow';
import { ArrowBody } from './arrow-body.ts';
import type { ArrowCodec } from './arrow-compression.ts';
import { dictionaryMessage, recordMessage } from './arrow-messages.ts';
import { Chunk } from './chunk.ts';
import { type ColumnData, type Columns, type Texts, textCount } from './chunk-data.ts';
import { ColumnMemory } from './column-memory.ts';
import type { ColumnType, OutputColumn } from './columns.ts';
import type { BatchEncoder } from './part.ts';
import { RecordBody } from './record-body.ts';
import type { RowContext } from './rows.ts';
import { TextBuffer } from './text-buffer.ts';
import { isWordName, wordsOf } from './words.ts';

/** Metadata with its prefix, and body. */
export type Message = readonly [metadata: Uint8Array, body: Uint8Array];

/** End of stream: continuation marker and a length of zero. */
export const END_OF_STREAM: Uint8Array = Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0);

/** The schema of a run: every column nullable; the id of a dictionary is the index of its column. */
export function arrowSchema(columns: readonly OutputColumn[]): Schema {
  return new Schema(
    columns.map(({ name, type, doc }, i) => new Field(name, arrowType(type, i), true, new Map([['doc', doc]]))),
  );
}

function arrowType(type: ColumnType, index: number): DataType {
  switch (type) {
    case 'dictionary':
      return new Dictionary(new Utf8(), new Int32(), index, false);
    case 'word':
      return new Dictionary(new Utf8(), new Int8(), index, false);
    case 'utf8':
      return new Utf8();
    case 'utf8list':
      return new List(new Field('item', new Dictionary(new Utf8(), new Int32(), index, false), true));
    case 'uint8':
      return new Uint8();
    case 'uint16':
      return new Uint16();
    case 'uint64':
      return new Uint64();
    case 'int64':
      return new Int64();
  }
}

/** The schema message that starts a stream. */
export function schemaMessage(schema: Schema): Uint8Array {
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, schema);
  writer.finish();
  const bytes = writer.toUint8Array(true);
  return bytes.subarray(0, bytes.length - END_OF_STREAM.length);
}

/**
 * Schema and dictionaries in front of the batches of a stream: those that never change, and empty ones that the first
 * batch replaces. Readers as pyarrow want all of them, or none, also of a stream that ends without a batch.
 */
export function streamStart(columns: readonly OutputColumn[]): Uint8Array {
  const empty = new TextBuffer().view();
  const replaced = columns.flatMap(({ type }, id): Message[] =>
    type === 'dictionary' || type === 'utf8list' ? [dictionaryBytes(id, empty, null)] : [],
  );
  return Buffer.concat([schemaMessage(arrowSchema(columns)), ...[...wordMessages(columns), ...replaced].flat()]);
}

/** One message for each column of words. */
export function wordMessages(columns: readonly OutputColumn[]): Message[] {
  return columns.flatMap(({ name, type }, id): Message[] => {
    if (type !== 'word') return [];
    assert(isWordName(name), `${name} has no table of words`);
    const texts = new TextBuffer();
    for (const word of wordsOf(name)) texts.addText(word);
    return [dictionaryBytes(id, texts.view(), null)];
  });
}

/** The dictionary of a column as a message, made in the empty body that is given. */
export function dictionaryBytes(
  id: number,
  texts: Texts,
  codec: ArrowCodec | null,
  plain: ArrowBody = new ArrowBody(),
): Message {
  plain.texts(textCount(texts), texts, null, 0);
  const body = codec === null ? plain : plain.packed(codec.compress);
  return [dictionaryMessage(id, textCount(texts), body, codec), body.view()];
}

/**
 * IPC messages of one batch: a dictionary batch for every dictionary column, then the record batch. Dictionaries hold
 * the batch's own values in order of appearance (later batches replace them), so the bytes depend on the batch alone.
 */
export function batchMessages(
  columns: readonly OutputColumn[],
  data: Columns,
  body: RecordBody,
  codec: ArrowCodec | null,
): Uint8Array[] {
  const messages: Uint8Array[] = [];
  body.clear();
  columns.forEach((_, i) => {
    const column = data.column(i);
    appendColumn(body, column, data.rows);
    if (column.kind === 'codes' || column.kind === 'lists') {
      messages.push(...dictionaryBytes(i, column.dictionary, codec, body.dictionary(i)));
    }
  });
  const done = codec === null ? body : body.packed(codec.compress);
  messages.push(recordMessage(data.rows, done, codec), done.view());
  return messages;
}

function appendColumn(body: RecordBody, column: ColumnData, rows: number): void {
  const { kind, nullCount } = column;
  if (kind === 'codes') body.codes(column.codes, nullCount);
  else if (kind === 'words') body.words(column.codes, nullCount);
  else if (kind === 'texts') body.texts(rows, column.texts, column.nulls, nullCount);
  else if (kind === 'numbers') body.numbers(rows, column.values, column.nulls, nullCount);
  else {
    body.lists(rows, column.offsets, column.nulls, nullCount);
    body.items(column.codes);
  }
}

/** Record batches of up to CHUNK_ROWS rows; none spans two tasks. */
export function arrowEncoder(context: RowContext, codec: ArrowCodec | null): BatchEncoder {
  const memory = new ColumnMemory(context.heap);
  const chunk = new Chunk(context, memory);
  const body = new RecordBody(memory);
  const take = (): Uint8Array[] => {
    if (chunk.rows === 0) return [];
    const messages = batchMessages(context.columns, chunk, body, codec);
    chunk.reset();
    return messages;
  };
  return {
    encode(flow, verdicts) {
      const messages = chunk.isFull(flow.rows) ? take() : [];
      chunk.append(flow, verdicts);
      return messages;
    },
    finish: take,
    begin: () => chunk.reset(),
    release: () => memory.release(),
  };
}
