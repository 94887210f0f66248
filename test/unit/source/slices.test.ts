import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlowtrieError } from '../../../src/model/errors.ts';
import { LineFramer, READ_BYTES, type Slice } from '../../../src/source/frame.ts';
import { gzipLines, inflatedSlices, plainSlices } from '../../../src/source/slices.ts';
import { streamChunks } from '../../../src/source/stdin.ts';
import { Dice } from '../../support/dice.ts';

const dice = new Dice(1);
/** About 3 MB of lines that compress about as flow records do. */
const TEXT = Array.from({ length: 40_000 }, (_, i) => `${i} ${dice.text('0123456789abcdef', 60)} OK\n`).join('');

interface Read {
  text: string;
  readonly broken: string[];
  failure: string | null;
}

function take(read: Read, slice: Slice): void {
  if (slice.kind === 'lines') read.text += Buffer.from(slice.bytes).toString('latin1');
  else if (slice.kind === 'broken')
    read.broken.push(`${slice.reason} ${Buffer.from(slice.text).toString('latin1').length}`);
}

async function readAll(slices: Iterable<Slice> | AsyncIterable<Slice>): Promise<Read> {
  const read: Read = { text: '', broken: [], failure: null };
  try {
    for await (const slice of slices) take(read, slice);
  } catch (error) {
    if (!(error instanceof FlowtrieError)) throw error;
    read.failure = error.message;
  }
  return read;
}

describe('slices', () => {
  let path = '';
  beforeAll(() => {
    path = join(mkdtempSync(join(tmpdir(), 'flowtrie-slices-')), 'a.log.gz');
  });
  afterAll(() => rmSync(join(path, '..'), { recursive: true, force: true }));

  /** Reads the bytes as a gzip file and as a stream: both must agree. */
  async function inflate(bytes: Uint8Array): Promise<Read> {
    writeFileSync(path, bytes);
    const file = await readAll(gzipLines(path, () => {}));
    expect(await readAll(inflatedSlices(path, 'gzip', 'lines', () => {}))).toEqual(file);
    const stream: Read = { text: '', broken: [], failure: null };
    try {
      for await (const chunk of streamChunks(Readable.from(pieces(bytes)), path)) {
        if (chunk.kind === 'broken') take(stream, chunk.slice);
        else if (chunk.kind === 'lines')
          take(stream, { kind: 'lines', bytes: new Uint8Array(chunk.bytes, 0, chunk.length).slice() });
      }
    } catch (error) {
      stream.failure = error instanceof FlowtrieError ? error.message : String(error);
    }
    // compared as a whole: a difference of 3 MB is no message
    expect(stream.text === file.text).toBe(true);
    expect({ ...stream, text: '' }).toEqual({ ...file, text: '' });
    return file;
  }

  function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
    const size = 128 * 1024;
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }

  it('inflates any number of members', async () => {
    const parts = [TEXT.slice(0, 777_777), '', TEXT.slice(777_777, 800_000), TEXT.slice(800_000)];
    for (const bytes of [gzipSync(TEXT), Buffer.concat(parts.map((part) => gzipSync(part)))]) {
      const read = await inflate(bytes);
      expect(read.text === TEXT).toBe(true);
      expect(read).toMatchObject({ broken: [], failure: null });
    }
    expect(await inflate(gzipSync(''))).toEqual({ text: '', broken: [], failure: null });
  });

  it.each([-1, 0, 1])('inflates a member that ends %d bytes behind a read border', async (behind) => {
    const border = 128 * 1024 + behind;
    // stored blocks: the length of the text sets the length of the member
    let length = border - 23;
    let member = gzipSync(TEXT.slice(0, length), { level: 0 });
    while (member.length !== border) {
      length += border - member.length;
      member = gzipSync(TEXT.slice(0, length), { level: 0 });
    }
    const read = await inflate(Buffer.concat([member, gzipSync(TEXT.slice(length))]));
    expect(read.failure).toBeNull();
    expect(read.text === TEXT).toBe(true);
    // padding of whole blocks, as on tapes
    expect(await inflate(Buffer.concat([member, new Uint8Array(300_000)]))).toMatchObject({
      failure: null,
      broken: [],
    });
    const noPadding = Buffer.concat([member, new Uint8Array(300_000), Buffer.from('x')]);
    expect((await inflate(noPadding)).failure).toMatch(/behind the last member/);
  });

  it('delivers the lines before the end of a truncated file, counts the cut one and names the file', async () => {
    const bytes = gzipSync(TEXT);
    const read = await inflate(bytes.subarray(0, Math.floor(bytes.length / 2)));
    expect(TEXT.startsWith(read.text)).toBe(true);
    expect(read.text.length).toBeGreaterThan(TEXT.length * 0.4);
    expect(read.broken).toEqual([expect.stringMatching(/^truncated \d+$/)]);
    expect(read.failure).toBe(`${path}: damaged gzip: unexpected end of file`);
  });

  it.each([
    ['a wrong checksum', (bytes: Buffer) => void bytes.writeUInt8((bytes.at(-6) ?? 0) ^ 1, bytes.length - 6)],
    ['wrong data', (bytes: Buffer) => void bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 50)],
  ])('tells %s', async (_, damage) => {
    const bytes = Buffer.from(gzipSync(TEXT));
    damage(bytes);
    expect((await inflate(bytes)).failure).toContain('damaged gzip');
  });

  it('drops nothing behind the last member silently', async () => {
    const zero = await inflate(Buffer.concat([gzipSync(TEXT), new Uint8Array(8), gzipSync(TEXT)]));
    expect(zero.failure).toContain('behind the last member');
    expect((await inflate(Buffer.concat([gzipSync(TEXT), Buffer.from('junk')]))).failure).toContain('damaged gzip');
  });

  it('reads a range whose last line crosses a read border', async () => {
    writeFileSync(path, TEXT);
    const bytes = Buffer.byteLength(TEXT);
    const first = await readAll(plainSlices(path, 0, READ_BYTES, () => {}));
    const second = await readAll(plainSlices(path, READ_BYTES, 2 * READ_BYTES, () => {}));
    const third = await readAll(plainSlices(path, 2 * READ_BYTES, bytes, () => {}));
    expect(first.text.length).toBeGreaterThan(READ_BYTES);
    expect(first.text + second.text + third.text === TEXT).toBe(true);
  });

  it('tells a file that became shorter, and one that cannot be read', async () => {
    writeFileSync(path, 'a\nb\n');
    expect((await readAll(plainSlices(path, 0, 100, () => {}))).failure).toContain('the file ends at 4');
    expect((await readAll(plainSlices(`${path}.no`, 0, 1, () => {}))).failure).toBe(
      `${path}.no: cannot be read (ENOENT)`,
    );
    expect((await readAll(gzipLines(join(path, '..'), () => {}))).failure).toContain('cannot be read (EISDIR)');
  });

  it('cuts a plain stream into shared chunks that end on record ends', async () => {
    const lengths: number[] = [];
    let text = '';
    const stream = Readable.from(pieces(Buffer.from(TEXT.repeat(3))));
    for await (const chunk of streamChunks(stream, 'stdin')) {
      if (chunk.kind !== 'lines') continue;
      expect(chunk.bytes).toBeInstanceOf(SharedArrayBuffer);
      lengths.push(chunk.length);
      const part = Buffer.from(new Uint8Array(chunk.bytes, 0, chunk.length)).toString('latin1');
      expect(part.endsWith('\n')).toBe(true);
      text += part;
    }
    expect(text === TEXT.repeat(3)).toBe(true);
    expect(lengths.length).toBeGreaterThan(1);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(4 * 1024 * 1024);
  });
});

describe('LineFramer', () => {
  it('keeps nothing of an overlong line but its head, however long', () => {
    const framer = new LineFramer();
    const chunk = new Uint8Array(READ_BYTES).fill(97);
    const before = process.memoryUsage().arrayBuffers;
    const slices: Slice[] = [];
    for (let n = 0; n < 256; n++) slices.push(...framer.push(chunk));
    expect(slices).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * READ_BYTES);
    slices.push(...framer.push(Buffer.from('\n')));
    expect(slices).toMatchObject([{ kind: 'broken', reason: 'line-too-long', text: { length: 4096 } }]);
  });
});
