import { describe, expect, it } from 'vitest';
import { isDayFolder, mayHold } from '../../../src/source/s3/key-time.ts';

const at = (text: string): number => Date.parse(text) / 1000;
const NOON = { since: at('2024-12-20T12:00:00Z'), until: at('2024-12-20T13:00:00Z') };
const FILE = '123456789012_vpcflowlogs_us-east-1_fl-0a';
const PLAIN = 'p/AWSLogs/123456789012/vpcflowlogs/us-east-1';
const HIVE = 'AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-gov-west-1';

describe('mayHold', () => {
  it.each([
    [`${PLAIN}/2024/12/20/${FILE}_20241220T1200Z_ab12.log.gz`, true],
    // records of up to 15 minutes before and after
    [`${PLAIN}/2024/12/20/${FILE}_20241220T1145Z_ab12.log.gz`, true],
    [`${PLAIN}/2024/12/20/${FILE}_20241220T1135Z_ab12.log.gz`, false],
    [`${PLAIN}/2024/12/20/${FILE}_20241220T1310Z_ab12.log.gz`, true],
    [`${PLAIN}/2024/12/20/${FILE}_20241220T1315Z_ab12.log.gz`, false],
    [`${PLAIN}/2024/12/20/`, true],
    [`${PLAIN}/2024/12/19/`, false],
    [`${PLAIN}/2024/12/20/11/`, true],
    [`${PLAIN}/2024/12/20/10/`, false],
    [`${PLAIN}/2024/12/`, true],
    [`${PLAIN}/2024/11/x`, false],
    [`${PLAIN}/2025/`, false],
    [`${HIVE}/year=2024/month=12/day=20/hour=12/x.log.parquet`, true],
    [`${HIVE}/year=2024/month=12/day=20/hour=14/x.log.parquet`, false],
    [`${HIVE}/year=2024/month=12/day=21/`, false],
    [`${HIVE}/year=2023/`, false],
    ['ext/AWS/VPC_FLOW/2.0/region=us-east-1/accountId=1/eventDay=20241220/x.gz.parquet', true],
    ['ext/AWS/VPC_FLOW/2.0/region=us-east-1/accountId=1/eventDay=20241222/x.gz.parquet', false],
    // no time in the key: it may
    ['logs/2023/a.log.gz', true],
    ['exportedlogs/task/eni-0a-all/000000.gz', true],
  ])('%s: %s', (key, held) => expect(mayHold(key, NOON)).toBe(held));

  it('takes an open span for what it is', () => {
    const key = `${PLAIN}/2024/12/20/`;
    expect(mayHold(key, { since: null, until: null })).toBe(true);
    expect(mayHold(key, { since: at('2024-12-22T00:00:00Z'), until: null })).toBe(false);
    expect(mayHold(key, { since: null, until: at('2024-12-18T00:00:00Z') })).toBe(false);
  });

  it('knows folders of a day', () => {
    const folders = [`${PLAIN}/2024/12/20/`, `${PLAIN}/2024/12/`, `${HIVE}/year=2024/month=12/day=20/`, `${HIVE}/`];
    expect(folders.map(isDayFolder)).toEqual([true, false, true, false]);
  });
});
