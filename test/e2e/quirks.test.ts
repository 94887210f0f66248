import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../src/model/ledger.ts';
import { replayBytes } from '../support/replay-files.ts';

// What real logs were seen to hold, a case each. Cases of Parquet: parquet-inputs.test.ts; whole files: corpus.test.ts.

const LINE = '2 123456789012 eni-0a 10.0.0.1 10.0.0.2 49152 443 6 10 840 1700000000 1700000060 ACCEPT OK';
const V2 = [
  ...['version', 'account-id', 'interface-id', 'srcaddr', 'dstaddr', 'srcport', 'dstport', 'protocol', 'packets'],
  ...['bytes', 'start', 'end', 'action', 'log-status'],
];

/** The default record with some values changed. */
function line(changes: Readonly<Record<string, string>> = {}): string {
  const values = LINE.split(' ');
  return V2.map((name, i) => changes[name] ?? values[i]).join(' ');
}

type Row = Readonly<Record<string, unknown>>;

/** Replays text; what is counted besides lines, and the rows. */
async function read(text: string): Promise<{ readonly counts: Partial<Ledger>; readonly rows: readonly Row[] }> {
  const { ledger, rows, failures } = await replayBytes(text);
  expect(failures).toEqual([]);
  const { lines, ...others } = ledger;
  const counts = Object.fromEntries(
    Object.entries(others).filter(([, count]) =>
      typeof count === 'number' ? count > 0 : Object.keys(count).length > 0,
    ),
  );
  return { counts, rows };
}

describe('lines and files', () => {
  const sorted = [...V2].sort();
  const values = (names: readonly string[]): string => names.map((name) => LINE.split(' ')[V2.indexOf(name)]).join(' ');
  const camel = (name: string): string => name.replace(/-./g, (letter) => letter[1]?.toUpperCase() ?? '');
  const envelope = JSON.stringify({
    messageType: 'DATA_MESSAGE',
    logEvents: [{ id: '3'.repeat(53), timestamp: 1_700_000_000_000, message: LINE }],
  });
  const control = JSON.stringify({ messageType: 'CONTROL_MESSAGE', logEvents: [{ id: '', message: 'CWL CONTROL' }] });

  it.each<readonly [quirk: string, text: string, counts: Partial<Ledger>]>([
    ['no header', `${LINE}\n`, { classified: 1 }],
    [
      'a header repeated in the middle',
      `${V2.join(' ')}\n${LINE}\n${V2.join(' ')}\n${LINE}\n`,
      { headers: 2, classified: 2 },
    ],
    ['fields in alphabetical order', `${sorted.join(' ')}\n${values(sorted)}\n`, { headers: 1, classified: 1 }],
    ['underscores in names', `${V2.join(' ').replaceAll('-', '_')}\n${LINE}\n`, { headers: 1, classified: 1 }],
    ['camel case in names', `${V2.map(camel).join(' ')}\n${LINE}\n`, { headers: 1, classified: 1 }],
    ['an ISO time in front of each line', `2024-12-20T18:00:00.000Z ${LINE}\n`, { classified: 1 }],
    ['no newline at the end', LINE, { classified: 1 }],
    ['a junk first line', `xyz\n${LINE}\n`, { classified: 1, malformed: { 'field-count': 1 } }],
    ['one field too few', `${LINE.replace(' 6 ', ' ')}\n`, { malformed: { 'field-count': 1 } }],
    ['one field too many', `${LINE} 7\n`, { malformed: { 'field-count': 1 } }],
    ['two blanks in a row', `${LINE.replaceAll(' ', '  ')}\n`, { classified: 1 }],
    ['CRLF', `${V2.join(' ')}\r\n${LINE}\r\n`, { headers: 1, classified: 1 }],
    ['commas from a spreadsheet', `${V2.join(',')}\n${LINE.replaceAll(' ', ',')}\n`, { headers: 1, classified: 1 }],
    ['{"message": …}', `${JSON.stringify({ message: LINE })}\n`, { classified: 1 }],
    ['event ids of 53 digits', `${envelope}\n`, { classified: 1 }],
    ['a CONTROL_MESSAGE among others', `${control}${envelope}`, { classified: 1 }],
  ])('%s', async (_, text, counts) => {
    const found = await read(text);
    // what is no record of a subscription is no line either, or a counted one
    expect(found.counts).toEqual(counts);
    if (found.rows.length > 0)
      expect(found.rows[0]).toMatchObject({ srcaddr: '10.0.0.1', dstport: 443, bytes: 840, action: 'ACCEPT' });
  });

  it('a custom format without start, end or action', async () => {
    const { counts, rows } = await read('srcaddr dstaddr dstport protocol\n10.0.0.1 10.0.0.2 443 6\n');
    expect(counts).toEqual({ headers: 1, classified: 1 });
    expect(rows[0]).toMatchObject({ start: null, action: null, drift: 'undetermined', drift_cause: 'no-action' });
  });

  it('a headerless line of 29 fields: the number of fields never chooses a format', async () => {
    const { counts } = await read(`${LINE} ${'x '.repeat(14)}x\n`);
    expect(counts).toEqual({ malformed: { 'field-count': 1 } });
  });

  it('transit gateway records, which have no action and no interface', async () => {
    const header =
      'version resource-type account-id tgw-id srcaddr dstaddr protocol packets bytes start end log-status';
    const record = '6 TransitGateway 123456789012 tgw-1 10.0.0.1 10.1.0.2 6 1 40 1700000000 1700000060 OK';
    const { counts, rows } = await read(`${header}\n${record}\n`);
    expect(counts).toEqual({ headers: 1, notJudged: 1 });
    expect(rows[0]).toMatchObject({ action: null, interface_id: null, predicted: null, tgw_id: 'tgw-1' });
  });

  it('40 columns, ECS ARNs among them', async () => {
    const arn = 'arn:aws:ecs:us-east-1:123456789012:task/cluster/0123456789abcdef';
    const more = ['ecs-task-arn', ...Array.from({ length: 25 }, (_, i) => `field-${i}`)];
    const values = [arn, ...Array.from({ length: 25 }, (_, i) => `v${i}`)];
    const { counts, rows } = await read(`${[...V2, ...more].join(' ')}\n${LINE} ${values.join(' ')}\n`);
    expect(counts).toEqual({ headers: 1, classified: 1 });
    expect(rows[0]).toMatchObject({ ecs_task_arn: arn, field_24: 'v24' });
  });
});

describe('values', () => {
  it.each<readonly [quirk: string, changes: Readonly<Record<string, string>>, row: Row]>([
    ['no account', { 'account-id': '-' }, { account_id: null }],
    ['account unknown', { 'account-id': 'unknown' }, { account_id: 'unknown' }],
    ['account redacted', { 'account-id': '<ACCOUNT-ID>' }, { account_id: '<ACCOUNT-ID>' }],
    ['account through a spreadsheet', { 'account-id': '6.02E+11' }, { account_id: '6.02E+11' }],
    ['a masked interface', { 'interface-id': 'eni-069xxxxxb7a490' }, { interface_id: 'eni-069xxxxxb7a490' }],
    ['a short interface', { 'interface-id': 'eni-1' }, { interface_id: 'eni-1' }],
    ['a version that the format does not have', { version: '5' }, { version: 5 }],
    ['ICMP with a port', { protocol: '1', dstport: '8' }, { protocol: 1, dstport: 8 }],
    ['protocol 41', { protocol: '41' }, { protocol: 41 }],
    ['protocol 253', { protocol: '253' }, { protocol: 253 }],
    ['start = end', { end: '1700000000' }, { start: 1_700_000_000, end: 1_700_000_000 }],
    ['67 seconds', { end: '1700000067' }, { end: 1_700_000_067 }],
    ['a start of nine digits', { start: '999999999' }, { start: 999_999_999 }],
    ['no packets and bytes', { packets: '-', bytes: '-' }, { packets: null, bytes: null }],
    ['no ports', { srcport: '-', dstport: '-' }, { srcport: null, dstport: null }],
    ['a compressed IPv6', { srcaddr: '2001:db8::1', dstaddr: '::' }, { srcaddr: '2001:db8::1', dstaddr: '::' }],
  ])('%s', async (_, changes, row) => {
    const { counts, rows } = await read(`${line(changes)}\n`);
    expect(counts).toEqual({ classified: 1 });
    expect(rows[0]).toMatchObject(row);
  });

  it('NODATA and SKIPDATA that still carry addresses and ports: log-status decides', async () => {
    const { counts, rows } = await read(`${line({ 'log-status': 'NODATA' })}\n${line({ 'log-status': 'SKIPDATA' })}\n`);
    expect(counts).toEqual({ nodata: 1, skipdata: 1 });
    expect(rows).toEqual([]);
  });

  it('starts that go backwards', async () => {
    const { rows } = await read(`${line()}\n${line({ start: '1699999000' })}\n`);
    expect(rows.map((row) => row.start)).toEqual([1_700_000_000, 1_699_999_000]);
  });

  it('bytes beyond 2^32, in one record and in the sum', async () => {
    const { rows } = await read(`${line({ bytes: '4294967295' })}\n${line({ bytes: '4294967297' })}\n`);
    expect(rows.map((row) => row.bytes)).toEqual([4_294_967_295, 4_294_967_297]);
  });

  it('tcp-flags - and 19, traffic-path - on ingress', async () => {
    const header = `${V2.join(' ')} tcp-flags flow-direction traffic-path`;
    const { counts, rows } = await read(`${header}\n${LINE} - ingress -\n${LINE} 19 egress 8\n`);
    expect(counts).toEqual({ headers: 1, classified: 2 });
    expect(rows[0]).toMatchObject({ tcp_flags: null, flow_direction: 'ingress', traffic_path: null });
    // a SYN-ACK within the window: the source answered
    expect(rows[1]).toMatchObject({ tcp_flags: 19, traffic_path: 8, role: 'reply', role_basis: 'flags' });
  });
});
