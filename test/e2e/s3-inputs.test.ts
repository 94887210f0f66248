import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Summary } from '../../src/model/summary.ts';
import { listObjects } from '../../src/source/s3/listing.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { openDuck } from '../support/duckdb.ts';
import { replayInputs } from '../support/replay-files.ts';
import { describeS3, type Fault, PAGE_KEYS, type Running, startMoto, startProxy } from '../support/s3-server.ts';

const INVENTORY = fileURLToPath(new URL('../conformance/inventories/aws-fixture', import.meta.url));
const BUCKET = 'flow-logs';
const FOLDER = 'AWSLogs/123456789012/vpcflowlogs/us-east-1/2024/12/20';
const HEADER =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action';

/** Lines whose packets tell object and line. */
function log(object: number, lines: number): string {
  const line = (i: number): string =>
    `2 123456789012 eni-0a 10.0.0.${object} 10.0.1.${i % 250} 443 ${i} 6 ${object * 1_000_000 + i} 40 1 2 ACCEPT`;
  return `${HEADER}\n${Array.from({ length: lines }, (_, i) => line(i)).join('\n')}\n`;
}

describeS3('inputs in S3', () => {
  const local = mkdtempSync(join(tmpdir(), 'flowtrie-s3-'));
  const mirror = join(local, 'mirror');
  const objects = new Map<string, Uint8Array>();
  const servers: Running[] = [];
  let faultOf: (request: IncomingMessage) => Fault = () => 'none';
  const requests: string[] = [];
  let env: Record<string, string> = {};

  beforeAll(async () => {
    for (let i = 2; i < 7; i++) {
      const name = `123456789012_vpcflowlogs_us-east-1_fl-0a_20241220T0${i}00Z_ab${i}.log.gz`;
      objects.set(`${FOLDER}/${name}`, gzipSync(log(i, 3000)));
    }
    objects.set(`${FOLDER}/plain`, Buffer.from(log(8, 30_000)));
    const messages = log(9, 500).split('\n').slice(1, -1);
    const envelope = {
      messageType: 'DATA_MESSAGE',
      logEvents: messages.map((message) => ({ message: `${message} OK` })),
    };
    objects.set(`${FOLDER}/subscription`, gzipSync(JSON.stringify(envelope)));
    const duck = await openDuck();
    writeFileSync(join(local, 'a.log'), log(10, 20_000));
    await duck.run(`copy (from read_csv('${join(local, 'a.log')}', delim = ' ', header = true)) to
      '${join(local, 'a.parquet')}' (format parquet, compression gzip, row_group_size 20480)`);
    duck.close();
    objects.set(`${FOLDER}/table.parquet`, readFileSync(join(local, 'a.parquet')));

    const moto = await startMoto();
    const proxy = await startProxy(moto.url, (request) => {
      requests.push(request.url ?? '');
      return faultOf(request);
    });
    servers.push(proxy, moto);
    const keys = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' };
    env = { ...keys, AWS_ENDPOINT_URL_S3: proxy.url, AWS_EC2_METADATA_DISABLED: 'true' };
    Object.assign(process.env, env);
    const client = new S3Client({ endpoint: moto.url, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: `${FOLDER}/`, Body: '' }));
    for (const [Key, Body] of objects) {
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
      mkdirSync(dirname(join(mirror, Key)), { recursive: true });
      writeFileSync(join(mirror, Key), Body);
    }
    client.destroy();
  }, 60_000);
  afterAll(async () => {
    for (const server of servers) await server.stop();
    rmSync(local, { recursive: true, force: true });
  });

  async function replayed(inputs: readonly string[], ...more: readonly string[]): Promise<CliResult> {
    return runCli(['replay', ...inputs, '--inventory', INVENTORY, ...more], { env });
  }

  it('reads every kind as from files, in key order, with a listing of several pages, by two threads', {
    timeout: 120_000,
  }, async () => {
    faultOf = () => 'none';
    requests.length = 0;
    const fromFiles = await replayed([mirror], '--out', '-', '-q', '--threads', '0');
    expect(fromFiles.code).toBe(0);
    const fromS3 = await replayed([`s3://${BUCKET}/AWSLogs`], '--out', '-', '-q', '--threads', '2');
    expect(fromS3).toMatchObject({ code: 0, stderr: '' });
    expect(fromS3.stdout === fromFiles.stdout).toBe(true);
    const listings = requests.filter((url) => url.includes('list-type=2')).length;
    expect(listings).toBe(Math.ceil((objects.size + 1) / PAGE_KEYS));
  });

  it('reads objects once where pairs are found and records only counted', { timeout: 120_000 }, async () => {
    faultOf = () => 'none';
    const readsOf = async (...more: readonly string[]): Promise<number> => {
      requests.length = 0;
      expect((await replayed([`s3://${BUCKET}/AWSLogs`], '-q', ...more)).code).toBe(0);
      return requests.filter((url) => !url.includes('list-type=2')).length;
    };
    const single = await readsOf('--json', '--no-pair');
    expect(await readsOf('--json')).toBe(single);
    // rows need the text of fields that no column holds
    expect(await readsOf('--out', '-')).toBeGreaterThan(single);
  });

  it('loses and doubles nothing under 503s, resets and cut bodies', { timeout: 120_000 }, async () => {
    const reference = await replayInputs([mirror]);
    const seen = new Map<string, number>();
    let faults = 0;
    faultOf = (request) => {
      const path = new URL(request.url ?? '/', 'http://x').pathname;
      const count = seen.get(path) ?? 0;
      seen.set(path, count + 1);
      // every other request for a path meets a fault
      if (count % 2 === 1) return 'none';
      return (['503', 'cut', 'reset', 'silent-cut'] as const)[faults++ % 4] ?? 'none';
    };
    const { ledger, rows, failures } = await replayInputs([`s3://${BUCKET}/AWSLogs`]);
    expect(failures).toEqual([]);
    expect(ledger).toEqual(reference.ledger);
    expect(rows).toEqual(reference.rows);
    expect(faults).toBeGreaterThan(15);
  });

  it('gives up an object that cannot be read after bounded tries, names it and reads the others', async () => {
    let tries = 0;
    faultOf = (request) => {
      // its beginning was looked at before
      if (!request.url?.includes('plain') || request.headers.range === 'bytes=0-65535') return 'none';
      tries++;
      return 'reset';
    };
    const { code, stdout, stderr } = await replayed(
      [`s3://${BUCKET}/AWSLogs/`],
      '--json',
      '--threads',
      '1',
      '--no-pair',
    );
    expect(code).toBe(3);
    expect(stderr).toContain(`s3://${BUCKET}/${FOLDER}/plain: cannot be read (`);
    expect((JSON.parse(stdout) as Summary).ledger.classified).toBe(5 * 3000 + 20_000 + 500);
    expect(tries).toBeGreaterThan(2);
    expect(tries).toBeLessThan(10);
  }, 90_000);

  it('lists only folders and objects whose key can hold the span', async () => {
    faultOf = () => 'none';
    requests.length = 0;
    const at = (hour: number): number => Date.UTC(2024, 11, 20, hour) / 1000;
    const named = await listObjects(`s3://${BUCKET}/AWSLogs`, { since: at(3), until: at(5) });
    const hours = named.map(({ key }) => /T(\d\d)00Z/.exec(key)?.[1] ?? key.replace(`${FOLDER}/`, ''));
    expect(hours).toEqual(['03', '04', '05', 'plain', 'subscription', 'table.parquet']);
    const day = requests.filter((url) => url.includes('20%2F'));
    expect(day.length).toBeGreaterThan(1);
    requests.length = 0;
    await expect(listObjects(`s3://${BUCKET}/AWSLogs`, { since: at(72), until: null })).rejects.toThrow(
      `s3://${BUCKET}/AWSLogs: no objects in the span`,
    );
    // the folder of the day was never listed
    expect(requests.filter((url) => url.includes('20%2F'))).toEqual([]);
  });

  it('replay --since --until asks for no object of another time', async () => {
    faultOf = () => 'none';
    requests.length = 0;
    const span = ['--since', '2024-12-20T03:00:00Z', '--until', '2024-12-20T05:00:00Z'];
    const { code, stdout } = await replayed([`s3://${BUCKET}/AWSLogs`], ...span, '--json');
    expect(code).toBe(0);
    const { ledger, input } = JSON.parse(stdout) as Summary;
    // the records themselves are of 1970: what was read was filtered
    expect({ files: input.files, filtered: ledger.filtered }).toEqual({ files: 6, filtered: 3 * 3000 + 50_500 });
    expect(requests.some((url) => url.includes('T0200Z') || url.includes('T0600Z'))).toBe(false);
  });

  it.each([
    ['s3://', 's3://: expected s3://bucket'],
    ['s3://no-such-bucket/x', 's3://no-such-bucket/x: cannot be read (NoSuchBucket'],
    [`s3://${BUCKET}/nothing/`, `s3://${BUCKET}/nothing/: no objects`],
  ])('refuses %s and says why', async (url, message) => {
    faultOf = () => 'none';
    await expect(replayInputs([url])).rejects.toThrow(message);
  });
});
