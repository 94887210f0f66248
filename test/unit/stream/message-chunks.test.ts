import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { MessageList } from '../../../src/kafka/message-list.ts';
import { ValueCursor, type ValuesBegin } from '../../../src/source/values.ts';
import { Credits } from '../../../src/stream/credits.ts';
import { messageChunks } from '../../../src/stream/message-chunks.ts';

function messages(values: readonly (string | Buffer | null)[]): MessageList {
  const list = new MessageList(values.length);
  values.forEach((text, i) => {
    const value = typeof text === 'string' ? Buffer.from(text) : text;
    list.addSource(value ?? Buffer.alloc(0));
    list.add(10 + 2 * i, value === null ? -1 : 0, value?.length ?? -1);
  });
  return list;
}

interface Input {
  readonly values: readonly [number, number];
  text: string;
}

/** The inputs a worker meets: which messages, and their lines. */
async function inputsOf(values: readonly (string | Buffer | null)[], apart: boolean): Promise<Input[]> {
  const inputs: Input[] = [];
  for (const { values: chunk } of messageChunks(messages(values), 0)) {
    for (const slice of new ValueCursor({ ...chunk, apart }).slices()) {
      if (slice.kind === 'begin') inputs.push({ values: [slice.value, slice.end], text: '' });
      else if (inputs.length > 0) {
        const text =
          slice.kind === 'lines'
            ? Buffer.from(slice.bytes).toString()
            : slice.kind === 'broken'
              ? `<${slice.reason}>`
              : '<records>';
        const last = inputs.at(-1);
        if (last !== undefined) last.text += text;
      }
    }
  }
  return inputs;
}

describe('messages as chunks', () => {
  const values = ['2 a', '2 b\n2 c\n', 'version x', null, '2 d', gzipSync('2 e\n2 f'), ''];

  it('run together where they look like records', async () => {
    expect(await inputsOf(values, false)).toEqual([
      { values: [0, 2], text: '2 a\n2 b\n2 c\n' },
      { values: [2, 3], text: 'version x\n' },
      { values: [3, 4], text: '' },
      { values: [4, 5], text: '2 d\n' },
      { values: [5, 6], text: '2 e\n2 f\n' },
      { values: [6, 7], text: '' },
    ]);
  });

  it('stay apart when asked to', async () => {
    const inputs = await inputsOf(values, true);
    expect(inputs.map((input) => input.values[0])).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(inputs.map((input) => input.text).join('|')).toBe('2 a\n|2 b\n2 c\n|version x\n||2 d\n|2 e\n2 f\n|');
  });

  it('are unwrapped, and counted where that cannot be done', async () => {
    const whole = gzipSync('2 e\n');
    const values = ['{"message":"2 x"}', whole.subarray(0, whole.length - 4), '{"a":1}', '{', '2 a'];
    const texts = (await inputsOf(values, false)).map((input) => input.text);
    expect(texts).toEqual(['2 x\n', '<encoding>', '<no-record>', '<json>', '2 a\n']);
  });

  it('are cut at half a mebibyte, never inside a message, and go on at a position', () => {
    const large = 'x'.repeat(300_000);
    const chunks = [...messageChunks(messages([large, large, large, 'y']), 0)];
    expect(chunks.map(({ offsets, next }) => [...offsets, next])).toEqual([
      [10, 12, 13],
      [14, 16, 17],
    ]);
    expect([...messageChunks(messages(['a', 'b', 'c']), 13)].flatMap(({ offsets }) => [...offsets])).toEqual([14]);
  });

  it('end at an offset that they are told, and leave a message that names objects alone', () => {
    const event = JSON.stringify({ Records: [{ s3: { bucket: { name: 'b' }, object: { key: 'k' } } }] });
    const offsets = (values: readonly string[], position: number, cutAt: number): number[][] =>
      [...messageChunks(messages(values), position, [cutAt])].map((chunk) => [...chunk.offsets]);
    expect(offsets(['a', 'b', 'c', 'd'], 0, 14)).toEqual([
      [10, 12],
      [14, 16],
    ]);
    expect(offsets(['a', 'b', 'c', 'd'], 12, 13)).toEqual([[12], [14, 16]]);
    expect(offsets(['a', 'b'], 0, 10)).toEqual([[10, 12]]);
    const chunks = [...messageChunks(messages(['a', event, event, 'd']), 0)];
    expect(chunks.map(({ offsets: [first], notification }) => [first, notification?.objects[0]?.key])).toEqual([
      [10, undefined],
      [12, 'k'],
      [14, 'k'],
      [16, undefined],
    ]);
  });

  it('know the message and the line of a place', () => {
    const [chunk] = messageChunks(messages(['2 a', '2 b\n2 c\n2 d', '2 e']), 0);
    if (chunk === undefined) throw new Error('no chunk');
    const cursor = new ValueCursor(chunk.values);
    const run: ValuesBegin = { kind: 'begin', value: 0, end: 3 };
    cursor.begin(run, 100);
    const bytes = new Uint8Array(chunk.values.bytes);
    const at = (text: string): Uint8Array => bytes.subarray(Buffer.from(bytes).indexOf(text));
    expect(cursor.locate(101, at('2 a'))).toEqual({ value: 0, line: 1 });
    expect(cursor.locate(104, at('2 d'))).toEqual({ value: 1, line: 3 });
    expect(cursor.locate(105, at('2 e'))).toEqual({ value: 2, line: 1 });
    cursor.begin({ kind: 'begin', value: 1, end: 2 }, 100);
    expect(cursor.locate(102, new Uint8Array(0))).toEqual({ value: 1, line: 2 });
  });
});

describe('credits', () => {
  it('bound tasks and bytes, and let one large task through alone', async () => {
    const credits = new Credits(2, 100);
    expect([credits.tryTake(500), credits.tryTake(1)]).toEqual([true, false]);
    credits.give(500);
    expect([credits.tryTake(60), credits.tryTake(60), credits.tryTake(40), credits.tryTake(0)]).toEqual([
      ...[true, false, true, false],
    ]);
    const waited = credits.changed(10_000);
    credits.give(60);
    await waited;
    expect(credits.taken).toEqual({ tasks: 1, bytes: 40 });
  });
});
