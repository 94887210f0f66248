import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { corpusPath, describeCorpus } from '../support/corpus.ts';
import { Dice } from '../support/dice.ts';
import { INVENTORY, parquetLab } from '../support/parquet-lab.ts';
import { type Replayed, replayInputs } from '../support/replay-files.ts';

const lab = parquetLab();
const { at } = lab;

const FIELDS = [
  ...['version', 'account-id', 'interface-id', 'srcaddr', 'dstaddr', 'srcport', 'dstport', 'protocol', 'packets'],
  ...[
    'bytes',
    'start',
    'end',
    'action',
    'log-status',
    'tcp-flags',
    'pkt-srcaddr',
    'flow-direction',
    'traffic-path',
    'vpc-id',
  ],
];
const NUMBERS = new Set([
  'version',
  'srcport',
  'dstport',
  'protocol',
  'packets',
  'bytes',
  'start',
  'end',
  'tcp-flags',
  'traffic-path',
]);
const LINES = 6000;
const column = (name: string): string => name.replaceAll('-', '_');

/** Records of every kind a field can have; `faults` also such as no log has. */
function values(dice: Dice, faults: boolean): string[] {
  const pick = (...words: readonly string[]): string => words[dice.below(words.length)] ?? '';
  const fault = (value: string, ...bad: readonly string[]): string =>
    faults && dice.below(40) === 0 ? pick(...bad) : value;
  const address = (): string => pick('10.0.0.1', '10.0.3.77', '192.0.2.9', '2001:db8::1', '::ffff:1.2.3.4', '-');
  const status = dice.below(50);
  return [
    fault('5', '256', 'x'),
    pick('123456789012', '-', 'unknown', '001234567890'),
    pick('eni-0a', 'eni-0b', `eni-${dice.below(2000)}`),
    fault(address(), '10.0.0.256', '1::2::3'),
    address(),
    fault(String(dice.below(65_536)), '65536'),
    pick('443', '53', '0', '-'),
    fault(pick('6', '17', '1', '41'), '256', '-1'),
    pick('1', '18446744073', '-'),
    String(dice.below(1_000_000)),
    pick('1700000000', '1700000000123', '999999999'),
    '1700000060',
    fault(pick('ACCEPT', 'REJECT', '-'), 'DROP'),
    fault(status === 0 ? 'NODATA' : status === 1 ? 'SKIPDATA' : 'OK', 'ok'),
    pick('0', '2', '19', '-'),
    address(),
    pick('ingress', 'egress', '-'),
    fault(pick('1', '8', '-'), '999'),
    pick('vpc-1', 'vpc-2', '-', 'None'),
  ];
}

/** The same records as lines and as a table of DuckDB, whose columns are of these types. */
async function write(name: string, seed: number, faults: boolean, typed: boolean): Promise<string> {
  const dice = new Dice(seed);
  const lines = Array.from({ length: LINES }, () => values(dice, faults).join(' '));
  const path = at(`${name}.log`);
  writeFileSync(path, `${FIELDS.join(' ')}\n${lines.join('\n')}\n`);
  const cells = FIELDS.map((field) => {
    if (!typed || !NUMBERS.has(field)) return `"${field}" as ${column(field)}`;
    const type = ['packets', 'bytes', 'start', 'end'].includes(field) ? 'bigint' : 'integer';
    return `cast(nullif("${field}", '-') as ${type}) as ${column(field)}`;
  });
  const read = `read_csv('${path}', delim = ' ', header = true, all_varchar = true)`;
  await lab.duck.run(`create or replace table ${name} as select ${cells.join(', ')} from ${read}`);
  return path;
}

async function parquet(table: string, options: string): Promise<Replayed> {
  const path = at(`${table}.parquet`);
  await lab.duck.run(`copy ${table} to '${path}' (format parquet, ${options})`);
  return replayInputs([path]);
}

/** What has to be the same, whatever the records came in. */
function outcome({ ledger, rows, malformed, failures }: Replayed, isText: boolean): unknown {
  const off = isText ? 1 : 0;
  const moved = malformed.map((entry) => {
    const [line, reason] = entry.split(' ');
    return `${Number(line) - off} ${reason}`;
  });
  return { ledger: { ...ledger, lines: ledger.lines - off, headers: 0 }, rows, malformed: moved, failures };
}

describe('records in Parquet give what their lines give', () => {
  it.each(['gzip', 'snappy', 'zstd', 'uncompressed', 'lz4_raw', 'brotli'])('as numbers, pages by %s', async (codec) => {
    const text = outcome(await replayInputs([await write('typed', 1, false, true)]), true);
    expect(outcome(await parquet('typed', `compression ${codec}, row_group_size 2048`), false)).toEqual(text);
  });

  it.each(['v1', 'v2'])('as text with faults of every kind, Parquet version %s', async (version) => {
    const text = await replayInputs([await write('faulty', 2, true, false)]);
    expect(Object.keys(text.ledger.malformed).length).toBe(6);
    const options = `compression snappy, parquet_version ${version}, row_group_size 4096`;
    expect(outcome(await parquet('faulty', options), false)).toEqual(outcome(text, true));
    // without rows fewer columns are read
    const summary = await replayInputs([at('faulty.parquet')], null, false);
    expect(summary.ledger).toEqual({ ...text.ledger, lines: LINES, headers: 0 });
    // without dictionaries every value is read on its own
    const plain = `compression snappy, parquet_version ${version}, dictionary_size_limit 1`;
    expect(outcome(await parquet('faulty', plain), false)).toEqual(outcome(text, true));
  });

  it('with any names, types and missing columns', async () => {
    await lab.duck.run(`create or replace table odd as select * from (values
      (602000000001::bigint, 'eni-0a', '10.0.0.1', '10.0.0.2', 443.0::double, '50000', 6::utinyint, 40::ubigint,
       timestamp '2023-11-14 22:13:20', 1700000060000::bigint, 'ACCEPT', 'OK', true, 1.5::double),
      (1234::bigint, 'eni-0a', '10.0.0.1', null, -1.0, 'None', 17, 18446744073709551615, null, 5, '-', 'OK',
       null, null),
      (1234::bigint, 'eni-0a', 'None', '', 'nan', '-', null, null, null, null, null, null, false, 2)
    ) t("accountId", "interface-id", "SrcAddr", "dstaddr", "src_port", "dstport", "protocol", "bytes", "start", "end",
        "action", "log_status", "flag", "x")`);
    const { ledger, rows, malformed } = await parquet('odd', 'compression gzip');
    expect(ledger).toMatchObject({ lines: 3, classified: 1 });
    expect(malformed).toEqual(['2 port', '3 port']);
    expect(rows[0]).toMatchObject({
      ...{ account_id: '602000000001', srcport: 443, dstport: 50_000, protocol: 6, bytes: 40, start: 1_700_000_000 },
      ...{ end: 1_700_000_060, action: 'ACCEPT', flag: 'true', packets: null, version: null },
    });
  });

  it('gives numeric account ids their zeros back, and 64-bit values all their digits', async () => {
    await lab.duck.run(`create or replace table ids as select 1234567890::bigint account_id, 'eni-0a' interface_id,
      9223372036854775807::bigint bytes, 10::bigint packets`);
    await parquet('ids', 'compression zstd');
    const { rows } = await replayInputs([at('ids.parquet')]);
    expect(rows[0]).toMatchObject({ account_id: '001234567890', packets: 10 });
    const [row] = await lab.duck.rows(`select bytes from '${at('ids.parquet')}'`);
    expect(row).toEqual({ bytes: '9223372036854775807' });
  });

  it('gives the same for any number of threads', async () => {
    const [path, text] = [at('many.parquet'), at('many.log')];
    const select = `select 2 "version", '1' "account-id", 'eni-0a' "interface-id", '10.0.0.' || i % 250 srcaddr,
      '10.0.1.' || i % 99 dstaddr, i % 60000 srcport, 443 dstport, 6 protocol, i packets, 40 * i bytes,
      1700000000 "start", 1700000060 "end", if(i % 7 = 0, 'REJECT', 'ACCEPT') "action",
      if(i % 1001 = 0, 'NODATA', 'OK') "log-status"
      from range(160000) r(i)`;
    await lab.duck.run(`copy (${select}) to '${path}' (format parquet, compression snappy, row_group_size 20480)`);
    await lab.duck.run(`copy (${select}) to '${text}' (format csv, delimiter ' ', header)`);
    const run = async (input: string, threads: string): Promise<string> => {
      const out = at(`rows-${threads}.ndjson`);
      const args = ['replay', input, '--inventory', INVENTORY, '--threads', threads, '--out', out, '-q'];
      const { code, stderr } = await runCli(args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return createHash('sha256').update(readFileSync(out)).digest('hex');
    };
    const reference = await run(text, '0');
    expect(await run(path, '0')).toBe(reference);
    expect(await run(path, '2')).toBe(reference);
  });

  it('reads Security Lake events', async () => {
    const [source, target] = ["'ip': '10.0.1.9', 'port': 49152, 'svc_name': '-'", "'ip': '52.1.1.1', 'port': 443"];
    await lab.duck.run(`create or replace table lake as select
      {'product': {'version': '5', 'name': 'Amazon VPC'}} metadata,
      {'account': {'uid': '123456789012'}, 'region': 'us-east-1'} cloud,
      {${source}, 'interface_uid': 'eni-0a', 'vpc_uid': 'vpc-1',
        'intermediate_ips': ['10.0.1.5', 'x']} src_endpoint,
      {${target}, 'svc_name': 'AMAZON', 'interface_uid': '-', 'vpc_uid': '-',
        'intermediate_ips': []::varchar[]} dst_endpoint,
      {'protocol_num': 6, 'tcp_flags': 2, 'direction': 'Outbound', 'direction_id': 2, 'boundary_id': 11}
        connection_info,
      {'packets': 3::bigint, 'bytes': 180::bigint} traffic, 4001 class_uid, 1700000000000::bigint start_time,
      1700000060000::bigint end_time, 'Denied' as action, 2 action_id, if(i = 7, 'NODATA', 'OK') status_code
      from range(5000) r(i)`);
    const { ledger, rows } = await parquet('lake', 'compression gzip, row_group_size 2048');
    expect(ledger).toMatchObject({ lines: 5000, classified: 4999, nodata: 1, malformed: {} });
    expect(rows[4998]).toMatchObject({
      ...{ interface_id: 'eni-0a', srcaddr: '10.0.1.5', pkt_srcaddr: '10.0.1.9', dstaddr: '52.1.1.1', dstport: 443 },
      ...{ action: 'REJECT', start: 1_700_000_000, end: 1_700_000_060, flow_direction: 'egress', traffic_path: 8 },
      ...{ pkt_dst_aws_service: 'AMAZON', pkt_src_aws_service: null, bytes: 180, vpc_id: 'vpc-1' },
    });
  });
});

describe('damaged Parquet', () => {
  let bytes: Buffer;
  beforeAll(async () => {
    await write('whole', 3, false, true);
    const options = 'format parquet, compression snappy, row_group_size 2048';
    await lab.duck.run(`copy whole to '${at('whole.parquet')}' (${options})`);
    bytes = readFileSync(at('whole.parquet'));
  });

  const replayed = async (damaged: Uint8Array): Promise<Replayed> => {
    writeFileSync(at('damaged.parquet'), damaged);
    return replayInputs([at('damaged.parquet')]);
  };

  it('gives the row groups before the damage', async () => {
    const damaged = Buffer.from(bytes);
    // data of a later group; bloom filters and the footer follow it
    damaged.fill(0xff, Math.floor(bytes.length * 0.5), Math.floor(bytes.length * 0.6));
    const { ledger, failures } = await replayed(damaged);
    expect(ledger.lines).toBeGreaterThanOrEqual(2048);
    expect(ledger.lines).toBeLessThan(LINES);
    expect(failures.join()).toMatch(/damaged\.parquet: damaged Parquet: /);
  });

  it.each<[string, (whole: Buffer) => Buffer, RegExp]>([
    ['is cut off', (whole) => whole.subarray(0, -100), /expected PAR1 at its end/],
    ['has no room for a footer', () => Buffer.from('PAR1PAR1'), /a file of 8 bytes/],
    [
      'has a footer larger than itself',
      (whole) => withFooterLength(whole, 0x7fff_ffff),
      /a footer of 2147483647 bytes/,
    ],
    ['has a footer of nothing', (whole) => withFooterLength(whole, 0), /a structure goes beyond its end/],
    ['has a footer of other bytes', (whole) => withFooterLength(whole, 40), /damaged Parquet/],
    ['is encrypted', (whole) => Buffer.concat([whole.subarray(0, -4), Buffer.from('PARE')]), /encrypted/],
  ])('that %s is refused by name, and the other inputs are read', async (_, damage, message) => {
    writeFileSync(at('damaged.parquet'), damage(bytes));
    const { ledger, failures } = await replayInputs([at('damaged.parquet'), at('whole.parquet')]);
    expect(failures).toHaveLength(1);
    expect(failures.join()).toMatch(/damaged\.parquet: damaged Parquet: /);
    expect(failures.join()).toMatch(message);
    expect(ledger.lines).toBe(LINES);
  });

  it('a file without any field of a flow log is named', async () => {
    await lab.duck.run(`copy (select 1 as a, 'x' as b from range(3)) to '${at('none.parquet')}' (format parquet)`);
    const { ledger, failures } = await replayInputs([at('none.parquet')]);
    expect(ledger.lines).toBe(0);
    expect(failures.join()).toMatch(/none\.parquet: expected columns of a flow log such as srcaddr, got a, b/);
  });

  it('never crashes or hangs, whatever bits flip, and the ledger adds up', { timeout: 120_000 }, async () => {
    const dice = new Dice(7);
    const rounds = Number(process.env.FLOWTRIE_FUZZ_PARQUET ?? 60);
    let failed = 0;
    for (let round = 0; round < rounds; round++) {
      const damaged = Buffer.from(bytes);
      // every second time only the footer and the page headers, where sizes stand
      const from = round % 2 === 0 ? 0 : bytes.length - bytes.readUInt32LE(bytes.length - 8) - 8;
      for (let flips = 1 + dice.below(4); flips > 0; flips--) {
        const where = from + dice.below(bytes.length - from);
        damaged[where] = (damaged[where] ?? 0) ^ (1 << dice.below(8));
      }
      const result = await replayed(damaged).catch((error: unknown) => error);
      if (result instanceof Error) expect(result.message).toMatch(/damaged Parquet|expected|pages of|got/);
      else if ((result as Replayed).failures.length === 0) continue;
      failed++;
    }
    expect(failed).toBeGreaterThan(rounds / 4);
  });
});

function withFooterLength(whole: Buffer, length: number): Buffer {
  const changed = Buffer.from(whole);
  changed.writeUInt32LE(length, whole.length - 8);
  return changed;
}

describeCorpus('Parquet of others', () => {
  it('flowlogs-reader: numbers as text, the text None, numeric account ids', async () => {
    const path = corpusPath('flowlogs-reader', 'flows.parquet');
    const { ledger, rows } = await replayInputs([path]);
    const [count] = await lab.duck.rows(`select count(*)::int n, count(*) filter (log_status = 'NODATA')::int nodata,
      count(*) filter (log_status = 'SKIPDATA')::int skipdata from '${path}'`);
    expect(ledger).toMatchObject({ lines: count?.n, nodata: count?.nodata, skipdata: count?.skipdata, malformed: {} });
    expect(ledger).toMatchObject({ lines: 3, classified: 1, nodata: 2 });
    expect(rows[0]).toMatchObject({ account_id: '123456789010', srcport: 443, dstport: 49_152, action: 'ACCEPT' });
  });
});

describe('row groups of other times', () => {
  const HOURS = 6;
  const [noon, hour] = [1_700_049_600, 3600];
  const path = at('times.parquet');
  const times = (first: number, end: number): string[] =>
    [first, end].flatMap((at, i) => [
      i === 0 ? '--since' : '--until',
      new Date((noon + at * hour) * 1000).toISOString(),
    ]);
  const replayed = async (...flags: readonly string[]): Promise<{ ledger: Record<string, number>; rows: string }> => {
    const args = [
      'replay',
      path,
      '--inventory',
      INVENTORY,
      '--threads',
      '0',
      '-q',
      '--out',
      at('times.ndjson'),
      '--json',
    ];
    const { code, stdout, stderr } = await runCli([...args, ...flags]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { ledger } = JSON.parse(stdout) as { readonly ledger: Record<string, number> };
    return { ledger, rows: readFileSync(at('times.ndjson'), 'utf8') };
  };

  /** A group of 2,048 rows an hour, in `type` and unit; the last row of each has no start. */
  const writeHours = (type: string, factor: number): Promise<unknown> =>
    lab.duck.run(`copy (select 2 as version, 'eni-0a' as interface_id, '10.0.0.1' as srcaddr,
      '10.0.1.' || i % 250 as dstaddr, 443 as srcport, i % 60000 as dstport, 6 as protocol, i as packets, 40 as bytes,
      case when i % 2048 < 2047 then ((${noon} + i // 2048 * ${hour} + i % 2048) * ${factor})::${type} end as start,
      ${noon} as "end", 'ACCEPT' as action from range(${HOURS * 2048}) r(i))
      to '${path}' (format parquet, row_group_size 2048)`);

  /** Destroys the pages of the groups, which then nobody can read. */
  async function destroy(groups: readonly number[]): Promise<void> {
    const bytes = readFileSync(path);
    const found =
      await lab.duck.rows(`select row_group_id, min(coalesce(dictionary_page_offset, data_page_offset)) as first,
      sum(total_compressed_size) as size from parquet_metadata('${path}') group by 1`);
    for (const { row_group_id, first, size } of found)
      if (groups.includes(Number(row_group_id))) bytes.fill(0xff, Number(first), Number(first) + Number(size));
    writeFileSync(path, bytes);
  }

  it.each([
    ['bigint', 1],
    ['bigint', 1000],
    ['integer', 1],
  ] as const)('%s × %d: are not read, and their rows are filtered', async (type, factor) => {
    await writeHours(type, factor);
    const whole = await replayed('--no-pair', ...times(2, 4));
    expect(whole.ledger.classified).toBe(2 * 2047);
    expect(whole.ledger.filtered).toBe(HOURS * 2048 - 2 * 2047);
    await destroy([0, 1, 4, 5]);
    expect(await replayed('--no-pair', ...times(2, 4))).toEqual(whole);
  });

  it('near the span are read where records are paired: they may be twins', async () => {
    await writeHours('bigint', 1);
    const span = ['--since', new Date((noon + 3 * hour) * 1000).toISOString()];
    const whole = await replayed('--pair', ...span);
    // hour 2 ends 26 minutes before the span
    await destroy([0, 1, 2]);
    expect(await replayed('--pair', ...span)).toEqual(whole);
    const near = ['--since', new Date((noon + 2 * hour + 2048 + 600) * 1000).toISOString()];
    await writeHours('bigint', 1);
    await destroy([2]);
    expect((await runCli(['replay', path, '--inventory', INVENTORY, '--pair', '--json', ...near])).code).toBe(3);
  });

  it('are read where start is text: their order says nothing', async () => {
    await writeHours('varchar', 1);
    const { ledger } = await replayed('--no-pair', ...times(2, 4));
    expect(ledger.classified).toBe(2 * 2047);
    await destroy([0]);
    const { code } = await runCli(['replay', path, '--inventory', INVENTORY, '--no-pair', '--json', ...times(2, 4)]);
    expect(code).toBe(3);
  });
});
