import { strict as assert } from 'node:assert';
import type { RowGroup } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { messageAt, type RawMessage } from './arrow-messages.ts';
import { ByteIds } from './byte-ids.ts';
import type { ColumnMemory } from './column-memory.ts';
import type { OutputColumn } from './columns.ts';
import { type ColumnNote, ColumnWriter, type Compress, schemaElements } from './parquet-column.ts';
import { joinedColumn, type Segment, segmentRows } from './parquet-join.ts';
import { statisticsOf } from './parquet-statistics.ts';
import { openPart, type Part, type PartReader } from './part.ts';

const GROUP_BYTES_AT_FIRST = 1 << 20;

/** What the footer says of a row group; plain data. */
export interface GroupNote {
  readonly rows: number;
  /** Number of the hour of all rows, where rows go to a file for each hour. */
  readonly hour: number | null;
  readonly columns: readonly ColumnNote[];
}

/** A finished row group: the pages of its columns, one behind the other. */
export interface Group {
  readonly note: GroupNote;
  readonly bytes: Uint8Array;
}

/** Makes row groups. Their bytes are valid until the next one. */
export class GroupWriter {
  private readonly columns: readonly OutputColumn[];
  private readonly out = new ByteWriter(GROUP_BYTES_AT_FIRST);
  private readonly writer: ColumnWriter;
  private readonly ids: ByteIds;

  constructor(columns: readonly OutputColumn[], compress: Compress, memory: ColumnMemory) {
    this.columns = columns;
    this.ids = new ByteIds(memory);
    this.writer = new ColumnWriter(this.out, compress, memory);
  }

  write(segments: readonly Segment[], hour: number | null): Group {
    const { out, writer, ids } = this;
    out.index = 0;
    out.offset = 0;
    const rows = segments.reduce((sum, segment) => sum + segmentRows(segment), 0);
    const columns = this.columns.map((_, i) => writer.write(joinedColumn(segments, i, ids), rows));
    return { note: { rows, hour, columns }, bytes: out.getBytes() };
  }
}

/** The entry of the footer for a row group that begins at `position` of its file. */
export function rowGroup(
  columns: readonly OutputColumn[],
  { rows, columns: notes }: GroupNote,
  position: number,
): RowGroup {
  let at = position;
  let plain = 0;
  const chunks = notes.map(({ bytes, plainBytes, dataPage, entries, nulls, bounds }, i) => {
    const column = columns[i];
    assert(column !== undefined);
    const from = at;
    at += bytes;
    plain += plainBytes;
    return {
      file_offset: BigInt(from),
      meta_data: {
        type: schemaElements(column).at(-1)?.type ?? 'BYTE_ARRAY',
        encodings: dataPage > 0 ? ['PLAIN', 'RLE', 'RLE_DICTIONARY'] : ['PLAIN', 'RLE'],
        path_in_schema: column.type === 'utf8list' ? [column.name, 'list', 'element'] : [column.name],
        codec: 'ZSTD',
        num_values: BigInt(entries),
        total_uncompressed_size: BigInt(plainBytes),
        total_compressed_size: BigInt(bytes),
        data_page_offset: BigInt(from + dataPage),
        ...(dataPage > 0 ? { dictionary_page_offset: BigInt(from) } : {}),
        ...(column.type === 'utf8list' || column.type === 'utf8' ? {} : { statistics: statisticsOf(bounds, nulls) }),
      },
    } satisfies RowGroup['columns'][number];
  });
  return {
    columns: chunks,
    total_byte_size: BigInt(plain),
    num_rows: BigInt(rows),
    total_compressed_size: BigInt(at - position),
  };
}

/**
 * A row group in a part: marker i32 · bytes of the note i32 · bytes of the group i32 · 0, the note as JSON, the group,
 * each padded to eight bytes. What begins with another word is an Arrow message.
 */
const MARKER = -2;
const FRAME_BYTES = 16;

const padded = (length: number): number => Math.ceil(length / 8) * 8;

export function groupFrame({ note, bytes }: Group): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(note));
  const head = Buffer.alloc(FRAME_BYTES + padded(json.length), ' ');
  head.writeInt32LE(MARKER, 0);
  head.writeInt32LE(padded(json.length), 4);
  head.writeInt32LE(bytes.length, 8);
  head.writeInt32LE(0, 12);
  head.set(json, FRAME_BYTES);
  return [head, bytes, new Uint8Array(padded(bytes.length) - bytes.length)];
}

/** Row groups, and rows that wait for others to make one, in the order in which they were written. */
export async function* partGroups(part: Part): AsyncGenerator<Group | RawMessage> {
  const reader = await openPart(part);
  try {
    for (let at = 0; ; ) {
      const head = await reader.read(at, FRAME_BYTES);
      if (head.length === 0) return;
      const words = new DataView(head.buffer, head.byteOffset, head.byteLength);
      if (words.getInt32(0, true) === MARKER) {
        const [noteBytes, groupBytes] = [words.getInt32(4, true), words.getInt32(8, true)];
        yield await groupAt(reader, at + FRAME_BYTES, noteBytes, groupBytes);
        at += FRAME_BYTES + noteBytes + padded(groupBytes);
      } else {
        const found = await messageAt(reader.read, at);
        assert(found !== null);
        at += found.byteLength;
        // it waits longer than the part is there
        yield { ...found, body: new Uint8Array(found.body) };
      }
    }
  } finally {
    await reader.close();
  }
}

async function groupAt(reader: PartReader, at: number, noteBytes: number, groupBytes: number): Promise<Group> {
  // a Buffer of shared memory cannot be read as text
  const json = Buffer.from(new Uint8Array(await reader.read(at, noteBytes))).toString('utf8');
  const bytes = await reader.read(at + noteBytes, groupBytes);
  assert(bytes.length === groupBytes, 'a part is cut inside a row group');
  return { note: JSON.parse(json) as GroupNote, bytes };
}
