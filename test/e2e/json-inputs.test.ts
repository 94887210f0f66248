import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { Summary } from '../../src/model/summary.ts';
import { runCli } from '../support/cli.ts';
import { corpusPath, describeCorpus } from '../support/corpus.ts';
import { replayBytes, replayInputs } from '../support/replay-files.ts';

const INVENTORY = fileURLToPath(new URL('../conformance/inventories/aws-fixture', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'flowtrie-json-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const line = (i: number, action = 'ACCEPT'): string =>
  `2 123456789012 eni-0a 10.0.0.1 10.0.0.2 443 ${i} 6 1 40 1700000000 1700000060 ${action} OK`;
const envelope = (messages: readonly string[]): string =>
  JSON.stringify({ messageType: 'DATA_MESSAGE', logEvents: messages.map((message, id) => ({ id, message })) });

describe('inputs of JSON', () => {
  it('read envelopes as they lie in a bucket: gzip members of documents, controls between', async () => {
    const control = JSON.stringify({ messageType: 'CONTROL_MESSAGE', logEvents: [{ message: 'check' }] });
    const parts = [envelope([line(1), line(2)]), control, envelope([line(3), 'junk']), envelope(['', line(4)])];
    const bytes = Buffer.concat(parts.map((part) => gzipSync(part)));
    const { ledger, rows, malformed } = await replayBytes(bytes);
    expect(ledger).toMatchObject({ lines: 6, classified: 4, blank: 1, malformed: { 'field-count': 1 } });
    expect(rows.map((row) => row.dstport)).toEqual([1, 2, 3, 4]);
    expect(malformed).toEqual(['4 field-count']);
  });

  it('count a damaged document and go on with the next line', async () => {
    const lines = [line(1), line(2), line(3)].map((message) => JSON.stringify({ message }));
    const text = `${lines[0]}\n${lines[1]?.slice(0, 40)}\n{"a":1}\n${line(5)}\n${lines[2]}\n`;
    const { ledger, rows, malformed } = await replayBytes(text);
    expect(ledger).toMatchObject({ lines: 5, classified: 3, malformed: { json: 1, 'no-record': 1 } });
    expect(malformed).toEqual(['2 json', '3 no-record']);
    expect(rows.map((row) => row.dstport)).toEqual([1, 5, 3]);
  });

  it('read objects of fields, each with its own, between lines', async () => {
    const objects = [
      { interface_id: 'eni-0a', srcaddr: '10.0.0.1', dstaddr: '10.0.0.2', dstport: 22, action: 'REJECT', mood: 'a b' },
      { interfaceId: 'eni-0b', srcAddr: '10.0.0.3', dstAddr: '::1', bytes: 2 ** 53 + 2, start: 1_700_000_000_123 },
      { 'interface-id': 'eni-0c', srcaddr: '10.0.0.300', dstaddr: '10.0.0.2' },
    ];
    const text = objects.map((one) => JSON.stringify(one)).join('\n');
    const { ledger, rows, malformed } = await replayBytes(`${text}\n{"message":"${line(9)}"}\n`);
    expect(ledger).toMatchObject({ lines: 4, classified: 3, malformed: { address: 1 } });
    expect(malformed).toEqual(['3 address']);
    expect(rows[0]).toMatchObject({ interface_id: 'eni-0a', dstport: 22, action: 'REJECT', mood: 'a b', bytes: null });
    expect(rows[1]).toMatchObject({ interface_id: 'eni-0b', dstaddr: '::1', start: 1_700_000_000 });
    expect(rows[2]).toMatchObject({ dstport: 9, account_id: '123456789012' });
  });

  it('are exact up to 2^64 − 1, as objects of fields and as what was written', async () => {
    const counts = ['9007199254740991', '9007199254740993', '9223372036854775809', '18446744073709551615'];
    const objects = counts.map((n) => `{"interface_id":"eni-0a","srcaddr":"10.0.0.1","packets":${n}, "bytes" : ${n}}`);
    const args = ['--inventory', INVENTORY, '-q', '--out'];
    writeFileSync(join(folder, 'exact.json'), `${objects.join('\n')}\n`);
    expect(await runCli(['replay', join(folder, 'exact.json'), ...args, join(folder, 'exact.ndjson')])).toMatchObject({
      code: 0,
    });
    const written = readFileSync(join(folder, 'exact.ndjson'), 'utf8');
    const found = written.split('\n').map((one) => /"packets":(\d+),"bytes":(\d+)/.exec(one)?.slice(1));
    expect(found.slice(0, -1)).toEqual(counts.map((n) => [n, n]));
    const again = await runCli(['replay', join(folder, 'exact.ndjson'), ...args, '-']);
    expect(again).toEqual({ code: 0, stdout: written, stderr: '' });
  });

  it('give the same from a file, compressed, and from standard input, for any number of threads', async () => {
    const documents = Array.from({ length: 3000 }, (_, i) =>
      i % 3 === 0
        ? envelope([line(i), line(i, 'REJECT')])
        : JSON.stringify({ srcaddr: '1.1.1.1', dstaddr: '2.2.2.2', n: i }),
    );
    const bytes = Buffer.from(documents.join('\n'));
    const [plain, zipped] = [join(folder, 'a.json'), join(folder, 'b')];
    writeFileSync(plain, bytes);
    writeFileSync(zipped, gzipSync(bytes));
    const run = async (input: string, threads: string, stdin?: Uint8Array): Promise<string> => {
      const args = ['replay', input, '--inventory', INVENTORY, '--threads', threads, '-q', '--out', '-'];
      const result = await runCli(args, stdin === undefined ? {} : { stdin });
      expect(result.stderr).toBe('');
      return result.stdout;
    };
    const reference = await run(plain, '0');
    expect(reference.split('\n')).toHaveLength(4001);
    for (const got of [await run(zipped, '2'), await run('-', '1', bytes), await run('-', '2', gzipSync(bytes))])
      expect(got === reference).toBe(true);
  });

  it('keep one document above the bound out of memory, and its neighbours', async () => {
    const huge = `{"message":"${'x'.repeat(70 * 1024 * 1024)}"}`;
    const { ledger, rows } = await replayBytes(`{"message":"${line(1)}"}\n${huge}\n{"message":"${line(2)}"}`);
    expect(ledger).toMatchObject({ lines: 3, classified: 2, malformed: { json: 1 } });
    expect(rows).toHaveLength(2);
  });

  it('say so in the summary', async () => {
    const stdin = Buffer.from(`{"message":"${line(1)}"}\n{"a":1}\n{"message`);
    const args = ['replay', '-', '--inventory', INVENTORY, '--json', '--threads', '0'];
    const { code, stdout } = await runCli(args, { stdin });
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as Summary).ledger.malformed).toEqual({ json: 1, 'no-record': 1 });
  });
});

describeCorpus('envelopes of others', () => {
  const read = (file: string, format?: string) => replayInputs([corpusPath('otel-awslogsencoding', file)], format);

  it('a subscription of the default format', async () => {
    const { ledger, rows } = await read('valid_vpc_flow_cw.json');
    expect(ledger).toMatchObject({ lines: 2, classified: 2 });
    expect(rows.map((row) => row.dstport)).toEqual([22, 3389]);
  });

  it('a subscription of a custom format, with and without --log-format', async () => {
    const fields = '${version} ${interface-id} ${srcaddr} ${dstaddr}';
    expect((await read('valid_vpc_flow_cw_custom.json', fields)).ledger).toMatchObject({ lines: 2, classified: 2 });
    const bare = await read('valid_vpc_flow_cw_custom.json');
    expect(bare.ledger).toMatchObject({ lines: 2, classified: 0, malformed: { 'field-count': 2 } });
  });

  it('a subscription of a transit gateway log, whose fields only --log-format knows', async () => {
    const fields =
      'version account-id tgw-id tgw-attachment-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id ' +
      'tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport ' +
      'protocol packets bytes start end log-status type tcp-flags flow-direction region';
    const format = fields
      .split(' ')
      .map((name) => `\${${name}}`)
      .join(' ');
    const { ledger, rows } = await read('valid_tgw_flow_cw.json', format);
    expect(ledger).toMatchObject({ lines: 1, notJudged: 1 });
    expect(rows[0]).toMatchObject({ srcaddr: '10.0.0.1', tgw_id: 'tgw-0abc12345def67890', predicted: null });
  });
});
