import { describe, expect, it } from 'vitest';
import { DEFAULT, formatOf, TGW_DEFAULT } from '../../../src/decode/format.ts';
import { BATCH_ROWS } from '../../../src/decode/kernel.ts';
import { FlowDecoder } from '../../../src/decode/text.ts';
import { RejectReason } from '../../../src/model/flow.ts';
import { LINE_BYTES_MAX } from '../../../src/model/ledger.ts';
import { decodeText } from '../../support/flow-rows.ts';

const HEADER = DEFAULT.names.join(' ');
const RECORD = '2 123456789012 eni-0a 10.0.1.5 10.0.2.9 49152 443 6 10 840 1700000000 1700000060 REJECT OK';

/** The record with some fields replaced. */
function record(values: Readonly<Record<string, string>>): string {
  return DEFAULT.names.map((name, i) => values[name] ?? RECORD.split(' ')[i]).join(' ');
}

const decode = (text: string, names: readonly string[] = DEFAULT.names) => decodeText(text, names);

describe('FlowDecoder', () => {
  it('decodes a default record', () => {
    expect(decode(`${RECORD}\n`).rows).toEqual([
      {
        version: 2,
        'account-id': '123456789012',
        'interface-id': 'eni-0a',
        srcaddr: '10.0.1.5',
        dstaddr: '10.0.2.9',
        srcport: 49_152,
        dstport: 443,
        protocol: 6,
        packets: 10n,
        bytes: 840n,
        start: 1_700_000_000,
        end: 1_700_000_060,
        action: 'REJECT',
        'log-status': 'OK',
      },
    ]);
  });

  it('reads the same record however its fields are separated', () => {
    const expected = decode(`${RECORD}\n`).rows;
    const time = '2024-12-20T18:23:02.000Z';
    const variants = [
      RECORD,
      `${RECORD}\r\n`,
      `  ${RECORD}  \n`,
      RECORD.replaceAll(' ', '\t'),
      RECORD.replace(' ', '   '),
      RECORD.replaceAll(' ', ','),
      `${time} ${RECORD}\n`,
      `${time},${RECORD.replaceAll(' ', ',')}\r\n`,
      `\u00ef\u00bb\u00bf${RECORD}\n`,
    ];
    for (const text of variants) expect(decode(text).rows, JSON.stringify(text)).toEqual(expected);
  });

  it.each([
    ['packets', 'x', 'number'],
    ['packets', '-1', 'number'],
    ['bytes', '18446744073709551616', 'number'],
    ['version', '256', 'number'],
    ['start', '99999999999999', 'number'],
    ['srcaddr', '10.0.0.256', 'address'],
    ['dstaddr', '10.0.0.01', 'address'],
    ['dstaddr', 'fd00::1::2', 'address'],
    ['srcport', '65536', 'port'],
    ['dstport', 'http', 'port'],
    ['protocol', '256', 'protocol'],
    ['action', 'accept', 'action'],
    ['log-status', 'FINE', 'log-status'],
    ['log-status', 'OK extra', 'field-count'],
  ])('counts %s %s as malformed: %s', (name, value, reason) => {
    const line = record({ [name]: value });
    const { rows, ledger, malformed } = decode(`${HEADER}\n${RECORD}\n${line}\n${RECORD}`);
    expect(rows).toHaveLength(2);
    expect(ledger.malformed).toEqual({ [reason]: 1 });
    expect(malformed).toEqual([`3: ${reason}: ${line}`]);
  });

  it('checks numbers that have no column and carries their text', () => {
    const names = ['version', 'traffic-path', 'encryption-status', 'flow-direction', 'tcp-flags'];
    expect(decode('5 8 - egress 19\n', names).rows).toEqual([
      { version: 5, 'traffic-path': '8', 'flow-direction': 'egress', 'tcp-flags': 19 },
    ]);
    expect(decode('5 x - egress 19\n5 1 - up 19\n', names).ledger.malformed).toEqual({
      number: 1,
      'flow-direction': 1,
    });
  });

  it('takes `-`, `None` and the empty value for null', () => {
    expect(decode('-,None,,10.0.0.1,-,-,None,,-,-,-,,-,-\n').rows).toEqual([{ srcaddr: '10.0.0.1' }]);
  });

  it('keeps account texts that are no number', () => {
    for (const account of ['unknown', '6.02E+11', '<ACCOUNT-ID>', '12345678901', 'No-one']) {
      expect(decode(record({ 'account-id': account })).rows[0]).toMatchObject({ 'account-id': account });
    }
  });

  it('is exact up to 2^64 − 1 and reads milliseconds', () => {
    const line = record({
      bytes: '18446744073709551615',
      packets: '9007199254740993',
      start: '1734718982999',
      end: '4294967295',
    });
    expect(decode(line).rows[0]).toMatchObject({
      bytes: 18_446_744_073_709_551_615n,
      packets: 9_007_199_254_740_993n,
      start: 1_734_718_982,
      end: 4_294_967_295,
    });
  });

  it('lets log-status decide about a line without traffic, whatever else it carries', () => {
    const lines = [
      '2 1 eni-0a - - - - - - - 1700000000 1700000060 - NODATA',
      record({ 'log-status': 'SKIPDATA' }),
      record({ 'log-status': 'NODATA', bytes: 'many' }),
    ];
    const { rows, ledger } = decode(lines.join('\n'));
    expect(rows).toEqual([]);
    expect(ledger).toMatchObject({ lines: 3, nodata: 2, skipdata: 1, malformed: {} });
  });

  it('switches the format at a header, also in the middle of a batch', () => {
    const text = `junk\n${HEADER}\n${RECORD}\ndstaddr,srcaddr\n1.1.1.1,2.2.2.2\n\n${HEADER}\n${HEADER}\n${RECORD}\n`;
    const { rows, ledger, format } = decode(text);
    expect(rows.map((row) => row.srcaddr)).toEqual(['10.0.1.5', '2.2.2.2', '10.0.1.5']);
    expect(ledger).toMatchObject({ lines: 9, headers: 4, blank: 1, malformed: { 'field-count': 1 } });
    expect(format.names).toEqual(DEFAULT.names);
  });

  it('never takes a repeated header for a record, even where every field is text', () => {
    expect(decode('region az-id\neu-west-1 euw1-az1\nregion az-id\n').ledger).toMatchObject({
      headers: 2,
      classified: 1,
    });
  });

  it('knows a transit gateway record without header by its second field', () => {
    const line =
      '6 TransitGateway 123456789012 tgw-1 tgw-attach-1 1 2 vpc-1 vpc-2 subnet-1 subnet-2 eni-1 eni-2 use1-az1 ' +
      'use1-az2 tgw-attach-2 10.0.0.1 10.0.1.1 12345 443 6 10 1000 1700000000 1700000060 OK IPv4 ' +
      '1 2 3 4 63 us-east-1 ingress - -';
    const { rows, ledger, format } = decode(`${RECORD}\n${line}\n${line}\n`);
    expect(format.names).toEqual(TGW_DEFAULT.names);
    expect(ledger).toMatchObject({ lines: 3, classified: 1, notJudged: 2 });
    expect(rows[2]).toMatchObject({
      srcaddr: '10.0.0.1',
      'tgw-id': 'tgw-1',
      'packets-lost-no-route': '1',
      'tcp-flags': 63,
    });
  });

  it('tells why a record was rejected and which side is an AWS service', () => {
    const names = ['version', 'reject-reason', 'pkt-src-aws-service'];
    const decoder = new FlowDecoder({ format: formatOf(names), carry: false });
    const bytes = Buffer.from('8 BPA -\n8 EC S3\n8 - AMAZON\n8 other -\n');
    expect(decoder.decode(bytes, 0, bytes.length)).toBe(bytes.length);
    expect([...decoder.batch.rejectReason.subarray(0, 4)]).toEqual([
      RejectReason.bpa,
      RejectReason.ec,
      RejectReason.null,
      RejectReason.other,
    ]);
    expect(decoder.batch.rows).toBe(4);
  });

  it('stops when the batch is full and goes on after it is taken', () => {
    const bytes = Buffer.from(`${RECORD}\n`.repeat(BATCH_ROWS + 1));
    const decoder = new FlowDecoder({ format: DEFAULT, carry: false });
    const at = decoder.decode(bytes, 0, bytes.length);
    expect([decoder.batch.rows, at]).toEqual([BATCH_ROWS, BATCH_ROWS * (RECORD.length + 1)]);
    decoder.clear();
    expect(decoder.decode(bytes, at, bytes.length)).toBe(bytes.length);
    expect(decoder.batch.rows).toBe(1);
    expect(decoder.ledger.lines).toBe(BATCH_ROWS + 1);
    expect(decoder.formatChanged).toBe(false);
  });

  it('counts lines that never came whole, and lines longer than the bound', () => {
    const long = record({ 'account-id': 'a'.repeat(LINE_BYTES_MAX) });
    const fits = record({ 'account-id': 'a'.repeat(LINE_BYTES_MAX - RECORD.length + 12) });
    expect(fits).toHaveLength(LINE_BYTES_MAX);
    expect(decode(`${fits}\n${long}\n${RECORD}`).ledger).toMatchObject({
      classified: 2,
      malformed: { 'line-too-long': 1 },
    });
    const decoder = new FlowDecoder({ format: DEFAULT, carry: false });
    decoder.countBroken('truncated', Buffer.from('2 123'));
    expect(decoder.ledger).toMatchObject({ lines: 1, malformed: { truncated: 1 } });
  });

  it('refuses a line of more fields than any format has', () => {
    const names = Array.from({ length: 300 }, (_, i) => `field-${i}`);
    expect(decode(`version ${names.join(' ')}\n`).ledger.malformed).toEqual({ 'field-count': 1 });
  });
});
