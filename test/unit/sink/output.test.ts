import { writeSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageReader, RecordBatchReader, type Table, tableFromIPC } from 'apache-arrow';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlowtrieError } from '../../../src/model/errors.ts';
import { arrowFileAssembly } from '../../../src/sink/arrow-file.ts';
import { openOutput, outputFormatOf } from '../../../src/sink/output.ts';
import { type Rows, sampleContext } from './sample.ts';
import { batches, exactRows, writeAll, writePart } from './written.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowtrie-sink-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function arrowRows(table: Table): unknown[] {
  const revive = (name: string, value: unknown): unknown => {
    if (typeof value === 'number') return BigInt(value);
    if (name === 'extra' && typeof value === 'string') return exactRows(value)[0];
    if (typeof value === 'object' && value !== null) return Array.from(value as Iterable<unknown>);
    return value;
  };
  const { names } = table.schema;
  return Array.from({ length: table.numRows }, (_, row) =>
    Object.fromEntries(names.map((name) => [name, revive(String(name), table.getChild(name)?.get(row))])),
  );
}

describe('Arrow output', () => {
  const context = sampleContext(['account-id', 'own', 'traffic-path', 'pkt-dstaddr']);
  const [a, b, c] = batches() as [Rows, Rows, Rows];
  const parts = [[a, b], [b, c], [], [c, a]];

  it.each(['arrow', 'arrows'] as const)(
    '%s reads back equal to the NDJSON rows, over several parts',
    async (format) => {
      const table = tableFromIPC(await readFile(await writeAll(join(folder, `out.${format}`), format, context, parts)));
      const ndjson = await readFile(await writeAll(join(folder, 'out.ndjson'), 'ndjson', context, parts), 'utf8');
      expect(table.numRows).toBe(2 * (3 + 16 + 3));
      expect(arrowRows(table)).toEqual(exactRows(ndjson));
      expect(table.schema.names).toEqual(context.columns.map((column) => column.name));
    },
  );

  it('the stream is read batch by batch, dictionaries replaced on the way', async () => {
    const bytes = await readFile(await writeAll(join(folder, 'out.arrows'), 'arrows', context, parts));
    const rows: unknown[] = [];
    for (const batch of RecordBatchReader.from(bytes)) rows.push(batch.getChild('account_id')?.get(0));
    // one record batch a part
    expect(rows).toEqual(['111111111111', '333333333333', null]);
  });

  it.each(['arrow', 'arrows'] as const)('%s without any row has the schema', async (format) => {
    const table = tableFromIPC(await readFile(await writeAll(join(folder, `out.${format}`), format, context, [])));
    expect(table.numRows).toBe(0);
    expect(table.schema.names).toEqual(context.columns.map((column) => column.name));
  });

  it('a stream without any row has a dictionary for every column of codes, as pyarrow wants', async () => {
    const bytes = await readFile(await writeAll(join(folder, 'empty.arrows'), 'arrows', context, []));
    const wanted = context.columns.flatMap(({ type }, id) => (/dictionary|word|utf8list/.test(type) ? [id] : []));
    const reader = new MessageReader(bytes);
    const found = Array.from(reader, (message) => {
      reader.readMessageBody(message.bodyLength);
      return message.isDictionaryBatch() ? message.header().id : null;
    });
    expect(found.filter((id) => id !== null).toSorted((x, y) => x - y)).toEqual(wanted);
  });

  it('the file has one dictionary a column, whatever the parts', async () => {
    const bytes = await readFile(await writeAll(join(folder, 'out.arrow'), 'arrow', context, parts));
    const table = tableFromIPC(bytes);
    const chunks = table.getChild('account_id')?.data ?? [];
    const dictionaries = chunks.map((chunk) => chunk.dictionary?.toArray());
    expect(chunks).toHaveLength(3);
    for (const dictionary of dictionaries) expect(dictionary).toEqual(dictionaries[0]);
  });

  it('refuses an Arrow file with too many distinct values and names the way out', async () => {
    const assembly = arrowFileAssembly(context.columns, null, 4);
    const write = async (): Promise<void> => {};
    await assembly.start(write);
    const part = await writePart(join(folder, 'part'), 'arrow', context, [b]);
    await expect(assembly.part({ path: part }, write)).rejects.toThrow(
      /column dstaddr has more than 4 distinct values.*\.arrows/,
    );
  });
});

describe('openOutput', () => {
  const { columns } = sampleContext();

  it('appends parts in the order given, deletes them, and shows the file only when complete', async () => {
    const path = join(folder, 'rows.ndjson');
    await writeFile(path, 'old\n');
    const output = await openOutput('ndjson', path, columns);
    for (const n of [1, 2, 3]) {
      await writeFile(join(folder, `p${n}`), `{"n":${n}}\n`);
      await output.append({ path: join(folder, `p${n}`) });
    }
    expect(await readFile(path, 'utf8')).toBe('old\n');
    await output.close();
    expect(await readFile(path, 'utf8')).toBe('{"n":1}\n{"n":2}\n{"n":3}\n');
    expect(await readdir(folder)).toEqual(['rows.ndjson']);
  });

  it('copies parts that are larger than its buffer', async () => {
    const path = join(folder, 'rows.ndjson');
    const large = Buffer.alloc(2_500_001, 'x');
    await writeFile(join(folder, 'p'), large);
    const output = await openOutput('ndjson', path, columns);
    await output.append({ path: join(folder, 'p') });
    await output.close();
    expect((await readFile(path)).equals(large)).toBe(true);
  });

  it('leaves what was there when aborted', async () => {
    const path = join(folder, 'rows.csv');
    await writeFile(path, 'old');
    const output = await openOutput('csv', path, columns);
    await output.abort();
    expect(await readdir(folder)).toEqual(['rows.csv']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  it('writes through a link and to a device without replacing them', async () => {
    const path = join(folder, 'link.ndjson');
    await writeFile(join(folder, 'real.ndjson'), 'old');
    await symlink(join(folder, 'real.ndjson'), path);
    await (await openOutput('csv', path, columns)).close();
    expect(await readFile(join(folder, 'real.ndjson'), 'utf8')).toMatch(/^version,/);
    await (await openOutput('csv', '/dev/null', columns)).close();
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  });

  it('says in one line what it cannot write', async () => {
    await mkdir(join(folder, 'dir.csv'));
    await expect(openOutput('csv', join(folder, 'dir.csv'), columns)).rejects.toThrow(
      /cannot write .*dir\.csv: it is a folder/,
    );
    const missing = openOutput('csv', join(folder, 'no', 'x.csv'), columns);
    await expect(missing).rejects.toThrow(/^cannot write .*no\/x\.csv: ENOENT: no such file or directory$/);
    await expect(missing).rejects.toMatchObject({ code: 'output' });
  });
});

describe('an output that tasks write into', () => {
  const row = (text: string): Buffer => Buffer.from(`${text}\n`);
  const open = (name: string, format: 'csv' | 'ndjson' | 'arrow' = 'ndjson'): ReturnType<typeof openOutput> =>
    openOutput(format, join(folder, name), sampleContext([]).columns);

  it('holds what counts, between what goes through the main thread', async () => {
    const output = await open('mixed.csv', 'csv');
    const { direct } = output;
    if (direct === null) throw new Error('a file of lines can be written into');
    const head = direct.length;
    expect(head).toBeGreaterThan(0);
    direct.extend({ written: writeSync(direct.fd, row('first'), 0, 6, direct.length), failure: null });
    await writeFile(join(folder, 'part'), 'second\n');
    await output.append({ path: join(folder, 'part') });
    writeSync(direct.fd, row('a task that nobody waits for any more'), 0, 38, direct.length);
    await output.close();
    expect((await readFile(join(folder, 'mixed.csv'), 'utf8')).slice(head)).toBe('first\nsecond\n');
  });

  it('says what could not be written, and appears under no name', async () => {
    const output = await open('full.ndjson');
    const failure = 'ENOSPC: no space left on device, write';
    expect(() => output.direct?.extend({ written: 3, failure })).toThrow(
      `cannot write ${join(folder, 'full.ndjson')}: ENOSPC: no space left on device`,
    );
    await output.abort();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is neither a device nor a format whose parts are joined', async () => {
    const device = await openOutput('ndjson', '/dev/null', sampleContext([]).columns);
    expect(device.direct).toBeNull();
    await device.close();
    const arrow = await open('rows.arrow', 'arrow');
    expect(arrow.direct).toBeNull();
    await arrow.abort();
  });
});

describe('outputFormatOf', () => {
  it('goes by suffix', () => {
    const formats = ['-', 'a.ndjson', 'a.jsonl', 'b/c.csv', 'x.ARROW', 'x.y.arrows'].map((path) =>
      outputFormatOf(path),
    );
    expect(formats).toEqual(['ndjson', 'ndjson', 'ndjson', 'csv', 'arrow', 'arrows']);
  });

  it('is overridden by --out-format', () => {
    expect(outputFormatOf('-', 'arrows')).toBe('arrows');
    expect(() => outputFormatOf('a.csv', 'xml')).toThrow(
      /--out-format: expected ndjson, csv, arrow, arrows, parquet, ocsf, got 'xml'/,
    );
  });

  it.each(['a.orc', 'rows', 'a.txt', 'a.csv.gz'])('refuses %s and names what it can write', (path) => {
    const refuse = (): unknown => outputFormatOf(path);
    expect(refuse).toThrow(FlowtrieError);
    expect(refuse).toThrow(/\.ndjson \.jsonl \.csv \.arrow \.arrows/);
  });
});
