import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KernelHeap } from '../../../src/model/kernel-heap.ts';
import { ColumnMemory } from '../../../src/sink/column-memory.ts';
import { openOutput, outputFormatOf } from '../../../src/sink/output.ts';
import { ROW_GROUP_ROWS } from '../../../src/sink/parquet.ts';
import { Coder } from '../../../src/sink/parquet-codes.ts';
import { bitWidth, PageBytes } from '../../../src/sink/parquet-levels.ts';
import { Dice } from '../../support/dice.ts';
import { duckRows } from '../../support/duckdb.ts';
import { emptyRows, fillRow, type Rows, sampleContext } from './sample.ts';
import { batches, exactRows, writeAll } from './written.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowtrie-parquet-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const context = sampleContext(['account-id', 'own', 'traffic-path', 'pkt-dstaddr']);
const [a, b, c] = batches() as [Rows, Rows, Rows];
const parts = [[a, b], [b, c], [], [c, a]];

/** Every number as BigInt, `extra` as an object: the shape of exactRows. */
function comparable(rows: readonly Readonly<Record<string, unknown>>[]): unknown[] {
  const exact = (name: string, value: unknown): unknown => {
    if (typeof value === 'number') return BigInt(value);
    if (name === 'extra' && typeof value === 'string') return exactRows(value)[0];
    if (name === 'extra' && typeof value === 'object' && value !== null) return exactRows(JSON.stringify(value))[0];
    return value ?? null;
  };
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, exact(name, value)])));
}

async function ndjsonRows(rows: typeof parts): Promise<unknown[]> {
  return exactRows(await readFile(await writeAll(join(folder, 'rows.ndjson'), 'ndjson', context, rows), 'utf8'));
}

describe('Parquet output', () => {
  it('DuckDB reads back the NDJSON rows, nulls, lists and 64-bit values included', async () => {
    const path = await writeAll(join(folder, 'rows.parquet'), 'parquet', context, parts);
    const rows = await duckRows(`SELECT * FROM '${path}'`);
    expect(rows).toHaveLength(2 * (3 + 16 + 3));
    expect(comparable(rows)).toEqual(await ndjsonRows(parts));
  });

  it('so does hyparquet', async () => {
    const path = await writeAll(join(folder, 'rows.parquet'), 'parquet', context, parts);
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });
    // hyparquet reads UINT_64 as a signed number above 2^63
    const unsigned = rows.map((row) => ({ ...row, packets: row.packets && BigInt.asUintN(64, BigInt(row.packets)) }));
    expect(comparable(unsigned)).toEqual(await ndjsonRows(parts));
  });

  it('has the types and names of the schema, one optional column each', async () => {
    const path = await writeAll(join(folder, 'rows.parquet'), 'parquet', context, parts);
    const found = await duckRows(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '${path}')`);
    const types = {
      dictionary: 'VARCHAR',
      word: 'VARCHAR',
      utf8: 'VARCHAR',
      utf8list: 'VARCHAR[]',
      uint8: 'UTINYINT',
    } as const;
    const wide = { uint16: 'USMALLINT', uint64: 'UBIGINT', int64: 'BIGINT' } as const;
    expect(found.map(({ column_name, column_type }) => [column_name, column_type])).toEqual(
      context.columns.map(({ name, type }) => [name, { ...types, ...wide }[type]]),
    );
  });

  it('without any row is a file of no rows', async () => {
    const path = await writeAll(join(folder, 'rows.parquet'), 'parquet', context, []);
    expect(await duckRows(`SELECT * FROM '${path}'`)).toEqual([]);
  });

  it('statistics are the least and greatest values', async () => {
    const path = await writeAll(join(folder, 'rows.parquet'), 'parquet', context, parts);
    const metadata = await parquetMetadataAsync(await asyncBufferFromFile(path));
    const [group] = metadata.row_groups;
    const of = (name: string) =>
      group?.columns.find((column) => column.meta_data?.path_in_schema[0] === name)?.meta_data;
    const rows = (await ndjsonRows(parts)) as Readonly<Record<string, bigint | string | null>>[];
    const present = (name: string) => rows.flatMap((row) => row[name] ?? []).sort((x, y) => (x < y ? -1 : 1));
    for (const name of ['start', 'dstport', 'src_pod', 'action']) {
      const statistics = of(name)?.statistics;
      expect([String(statistics?.min_value), String(statistics?.max_value)], name).toEqual([
        String(present(name)[0]),
        String(present(name).at(-1)),
      ]);
      expect(statistics?.null_count).toBe(BigInt(rows.length - present(name).length));
    }
  });

  it('row groups do not follow the parts: many small ones make few large ones', async () => {
    const rows = emptyRows(4096);
    for (let row = 0; row < 4096; row++) fillRow(rows, row);
    rows.flow.rows = 4096;
    const small = Array.from({ length: 40 }, () => [rows]);
    const path = await writeAll(join(folder, 'rows.parquet'), 'parquet', sampleContext(), small);
    const metadata = await parquetMetadataAsync(await asyncBufferFromFile(path));
    expect(metadata.row_groups.map((group) => Number(group.num_rows))).toEqual([ROW_GROUP_ROWS, 8 * 4096]);
  });
});

/** Batches with `count` rows altogether that cycle through the sample's, addresses and numbers different in each. */
function many(count: number, first: number, secondsPerRow = 0): Rows[] {
  const made: Rows[] = [];
  for (let from = 0; from < count; from += 4096) {
    const size = Math.min(4096, count - from);
    const rows = emptyRows(size);
    for (let row = 0; row < size; row++) {
      const number = first + from + row;
      fillRow(rows, row);
      rows.flow.srcAddr[row] = 0x0a00_0000 + (number % 5003);
      rows.flow.srcPort[row] = number % 65_536;
      rows.flow.bytes.set([number, number % 3], 2 * row);
      rows.flow.start[row] = 1_700_000_000 + number * secondsPerRow;
      if (number % 7 === 0) rows.flow.present[row] = (rows.flow.present[row] ?? 0) & ~0x8;
      if (number % 5 === 0) rows.verdicts.sgRule[row] = -1;
      if (number % 11 === 0) rows.verdicts.srcOwner[row] = -1;
    }
    rows.flow.rows = size;
    made.push(rows);
  }
  return made;
}

describe('row groups that a task finishes', () => {
  const plain = sampleContext();
  // few rows before, between and behind parts that are row groups of their own
  const mixed = [
    many(10, 0),
    many(20_000, 10),
    many(5, 20_010),
    many(7, 20_015),
    many(140_000, 20_022),
    many(3, 160_022),
  ];

  it('stand between rows that wait for others, in order, with the values of NDJSON', { timeout: 60_000 }, async () => {
    const path = await writeAll(join(folder, 'rows.parquet'), 'parquet', plain, mixed);
    const metadata = await parquetMetadataAsync(await asyncBufferFromFile(path));
    expect(metadata.row_groups.map((group) => Number(group.num_rows))).toEqual([10, 20_000, 12, 131_072, 8931]);
    const ndjson = await writeAll(join(folder, 'rows.ndjson'), 'ndjson', plain, mixed);
    const differing = await duckRows(`SELECT count(*) AS n FROM (
      (SELECT * REPLACE (NULL AS src_candidates, NULL AS dst_candidates) FROM '${path}' EXCEPT ALL
      SELECT * REPLACE (NULL AS src_candidates, NULL AS dst_candidates)
        FROM read_json('${ndjson}', columns = {${await duckTypes(path)}})))`);
    expect(differing).toEqual([{ n: 0n }]);
    const order = await duckRows(`SELECT bool_and(bytes % 4294967296 = file_row_number) AS inOrder, count(*) AS n
      FROM read_parquet('${path}', file_row_number = true)`);
    expect(order).toEqual([{ inOrder: true, n: 160_025n }]);
  });

  it('are of one hour in a folder, whole or not', { timeout: 60_000 }, async () => {
    const out = `${join(folder, 'out')}/`;
    const parts = [many(20_000, 0, 0.3), many(100, 20_000, 0.3), many(18_000, 20_100, 2)];
    await writeAll(out, 'parquet', { ...plain, byHour: true }, parts);
    const rows = await duckRows(`SELECT count(*) AS n, bool_and(strftime(make_timestamp(start * 1000000),
      '%Y-%m-%dT%H') = dt || 'T' || hour) AS placed, count(DISTINCT bytes) AS different FROM
      read_parquet('${out}**/*.parquet', hive_partitioning = true, hive_types_autocast = false)`);
    expect(rows).toEqual([{ n: 38_100n, placed: true, different: 38_100n }]);
  });
});

/** Names and types of a Parquet file, as DuckDB writes a struct. */
async function duckTypes(path: string): Promise<string> {
  const found = await duckRows(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '${path}')`);
  return found.map((row) => `'${row.column_name}': '${row.column_type}'`).join(', ');
}

describe('a folder of Parquet', () => {
  /** 16 rows, one every 20 minutes from 1700000000 on, the last without a start. */
  function spread(): Rows {
    const rows = emptyRows(16);
    for (let row = 0; row < 16; row++) {
      fillRow(rows, row);
      rows.flow.start[row] = 1700000000 + (15 - row) * 1200;
      rows.flow.bytes[2 * row] = row;
    }
    rows.flow.present[15] = (rows.flow.present[15] ?? 0) & ~0x100;
    rows.flow.rows = 16;
    return rows;
  }
  const sample = sampleContext();
  const files = async (): Promise<string[]> =>
    (await readdir(join(folder, 'out'), { recursive: true })).filter((name) => name.endsWith('.parquet')).sort();

  it('is recognised by its slash or by being there', async () => {
    expect(outputFormatOf(join(folder, 'new/'))).toBe('parquet');
    expect(outputFormatOf(folder)).toBe('parquet');
    expect(() => outputFormatOf(join(folder, 'new'))).toThrow(/a folder \(ending in \/\)/);
  });

  it('has a file for each hour of start, which DuckDB reads as partitions', async () => {
    const out = `${join(folder, 'out')}/`;
    await writeAll(out, 'parquet', sample, [[spread()], [spread()]]);
    const nowhere = 'dt=__HIVE_DEFAULT_PARTITION__/hour=__HIVE_DEFAULT_PARTITION__/part-00000.parquet';
    const hours = ['dt=2023-11-14/hour=22', 'dt=2023-11-14/hour=23', 'dt=2023-11-15/hour=00'];
    const found = await files();
    expect(found).toEqual(expect.arrayContaining([...hours.map((hour) => `${hour}/part-00000.parquet`), nowhere]));
    const sql = `SELECT dt::VARCHAR AS dt, hour, start, bytes FROM read_parquet('${out}**/*.parquet',
      hive_partitioning = true, hive_types_autocast = false) ORDER BY bytes`;
    const rows = await duckRows(sql);
    expect(rows).toHaveLength(32);
    for (const { dt, hour, start, bytes } of rows) {
      if (start === null) expect([dt, hour, bytes]).toEqual([null, null, 15n]);
      else expect(`${dt}T${hour}`).toBe(new Date(Number(start) * 1000).toISOString().slice(0, 13));
    }
    expect(rows.map(({ bytes }) => Number(bytes))).toEqual(Array.from({ length: 32 }, (_, i) => i >> 1));
  });

  it('replaces the files of an earlier run and nothing else, and shows none before all are whole', async () => {
    const out = `${join(folder, 'out')}/`;
    await writeAll(out, 'parquet', sample, [[spread()]]);
    await writeFile(join(folder, 'out', 'dt=2023-11-14', 'mine.parquet'), 'x');
    const earlier = await files();
    const output = await openOutput('parquet', out, sample.columns);
    expect(await files()).toEqual(earlier);
    await output.close();
    expect(await files()).toEqual(['dt=2023-11-14/mine.parquet']);
    const aborted = await openOutput('parquet', out, sample.columns);
    await aborted.abort();
    expect((await readdir(join(folder, 'out'))).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('needs start among the columns', async () => {
    await mkdir(join(folder, 'out'));
    const columns = sample.columns.filter((column) => column.name !== 'start');
    await expect(openOutput('parquet', join(folder, 'out'), columns)).rejects.toThrow(/expected start among them/);
  });
});

describe('levels and codes', () => {
  /** The hybrid as the format's page on encodings tells it, one value at a time. */
  function decodeHybrid(bytes: Uint8Array, count: number, width: number): number[] {
    const values: number[] = [];
    let at = 0;
    const varint = (): number => {
      let [value, shift] = [0, 0];
      for (;;) {
        const byte = bytes[at++] ?? 0;
        value |= (byte & 127) << shift;
        if (byte < 128) return value;
        shift += 7;
      }
    };
    while (values.length < count) {
      const header = varint();
      if (header % 2 === 0) {
        let value = 0;
        for (let shift = 0; shift < width; shift += 8) value |= (bytes[at++] ?? 0) << shift;
        for (let i = 0; i < header >> 1; i++) values.push(value);
        continue;
      }
      const bits = (header >> 1) * 8 * width;
      for (let bit = 0; bit < bits; bit += width) {
        let value = 0;
        for (let i = 0; i < width; i++) value |= (((bytes[at + ((bit + i) >> 3)] ?? 0) >> ((bit + i) & 7)) & 1) << i;
        values.push(value);
      }
      at += bits / 8;
    }
    expect(at).toBe(bytes.length);
    return values.slice(0, count);
  }

  const memory = new ColumnMemory(new KernelHeap());
  const page = new PageBytes(memory);

  it('codes of any width and length come back, those of nulls left out', () => {
    const dice = new Dice(3);
    for (let n = 0; n < 2000; n++) {
      const width = 1 + dice.below(24);
      const isNull = dice.below(3) === 0;
      const codes = Array.from({ length: dice.below(70) }, () =>
        isNull && dice.below(4) === 0 ? -1 : dice.below(2 ** width),
      );
      const values = codes.filter((code) => code >= 0);
      page.clear();
      page.packed(Int32Array.from(codes), values.length, width);
      expect(decodeHybrid(page.taken(), values.length, width)).toEqual(values);
    }
    expect([0, 1, 2, 255, 256].map(bitWidth)).toEqual([1, 1, 2, 8, 9]);
  });

  it('levels of lists: none, empty, items', () => {
    const dice = new Dice(5);
    for (let n = 0; n < 500; n++) {
      const rows = 1 + dice.below(40);
      const mostly = dice.below(3);
      const lists = Array.from({ length: rows }, () => (dice.below(4) > 0 ? mostly : dice.below(4)) - 1);
      const offsets = new Int32Array(rows + 1);
      for (let row = 0; row < rows; row++) offsets[row + 1] = (offsets[row] ?? 0) + Math.max(lists[row] ?? 0, 0);
      const nulls = Uint8Array.from(lists, (items) => (items < 0 ? 1 : 0));
      const codes = new Int32Array(offsets[rows] ?? 0);
      const dictionary = { offsets: new Int32Array(1), bytes: new Uint8Array(0) };
      page.clear();
      const count = page.listLevels({ kind: 'lists', offsets, nulls, nullCount: 0, codes, dictionary }, rows);
      const levels = lists.flatMap((items) =>
        items < 1
          ? [{ defined: items < 0 ? 0 : 1, repeated: 0 }]
          : Array.from({ length: items }, (_, i) => ({ defined: 3, repeated: i === 0 ? 0 : 1 })),
      );
      const bytes = page.taken();
      const length = new DataView(bytes.buffer).getInt32(0, true);
      expect(count).toBe(levels.length);
      const defined = decodeHybrid(bytes.subarray(length + 8), count, 2);
      expect(decodeHybrid(bytes.subarray(4, length + 4), count, 1)).toEqual(levels.map((level) => level.repeated));
      expect(defined).toEqual(levels.map((level) => level.defined));
    }
  });

  it('numbers and words are coded in order of appearance, whether they lie in the memory or not', () => {
    const dice = new Dice(7);
    const coder = new Coder(memory);
    for (let n = 0; n < 200; n++) {
      const rows = dice.below(300);
      const distinct = 1 + dice.below(40);
      const picked = Array.from({ length: rows }, () => dice.below(distinct));
      const nulls = dice.below(2) === 0 ? null : Uint8Array.from(picked, () => (dice.below(3) === 0 ? 1 : 0));
      const present = picked.filter((_, row) => nulls?.[row] !== 1);
      const order = [...new Set(present)];
      const codes = picked.map((value, row) => (nulls?.[row] === 1 ? -1 : order.indexOf(value)));
      const scale = (value: number): number => value * 1601;
      const wide = Uint32Array.from(picked.flatMap((value) => [scale(value), value >> 3]));
      const held = memory.u32(wide.length).subarray(0, wide.length);
      held.set(wide);
      const found = [
        coder.short(Uint8Array.from(picked), nulls),
        coder.short(Uint16Array.from(picked.map(scale)), nulls),
        coder.wide(wide, nulls),
        coder.wide(held, nulls),
      ];
      const last = found[3];
      expect([...(last?.codes ?? [])]).toEqual(codes);
      expect(last?.values).toEqual({
        kind: 'wide',
        words: Uint32Array.from(order.flatMap((value) => [scale(value), value >> 3])),
      });
      // codes are made in one place: those of the last column stand there
      expect(found[0]?.values).toEqual({ kind: 'short', numbers: Int32Array.from(order) });
      expect(found[1]?.values).toEqual({ kind: 'short', numbers: Int32Array.from(order.map(scale)) });
      const short = coder.short(Uint16Array.from(picked.map(scale)), nulls);
      expect([...short.codes]).toEqual(codes);
      const whole = coder.presentWide(held, nulls, present.length);
      expect([...whole]).toEqual(present.flatMap((value) => [scale(value), value >> 3]));
      memory.give(held);
    }
  });

  it('too many 64-bit values have no dictionary', () => {
    const coder = new Coder(memory);
    const values = new Uint32Array(2 * 16_385).map((_, i) => (i % 2 === 0 ? 0 : i));
    expect(coder.wide(values, null)).toBeNull();
    expect(coder.wide(values.subarray(2), null)?.values).toEqual({ kind: 'wide', words: values.subarray(2) });
  });
});
