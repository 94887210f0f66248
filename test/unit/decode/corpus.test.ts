import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DEFAULT } from '../../../src/decode/format.ts';
import { corpusPath, describeCorpus } from '../../support/corpus.ts';
import { decodeAll } from '../../support/flow-rows.ts';

describeCorpus('real flow logs', () => {
  test('the EKS capture: 11,057 lines with a time in front, 63 of them SKIPDATA', () => {
    const bytes = readFileSync(corpusPath('eks-drewpy-2024-12-20', 'vpcflowlogs12-20.log'));
    const { rows, ledger } = decodeAll(bytes, DEFAULT.names, 4096);
    expect(ledger).toMatchObject({ lines: 11_057, headers: 0, blank: 0, skipdata: 63, nodata: 0, malformed: {} });
    expect(rows).toHaveLength(10_994);
    expect(rows.filter((row) => row.action === 'REJECT')).toHaveLength(542);
    expect(new Set(rows.map((row) => row['interface-id'])).size).toBe(11);
  });

  test.each([
    ['valid_vpc_flow_log.log', { lines: 2, headers: 1, nodata: 1 }, 0],
    ['valid_vpc_flow_log_multi.log', { lines: 3, headers: 1, classified: 2 }, 2],
    ['valid_vpc_flow_log_ecs.log', { lines: 2, headers: 1, classified: 1 }, 1],
    ['valid_tgw_flow_log.log', { lines: 2, headers: 1, notJudged: 1 }, 1],
    ['vpc_flow_log_too_few_fields.log', { lines: 2, headers: 1, malformed: { 'field-count': 1 } }, 0],
    ['vpc_flow_log_too_many_fields.log', { lines: 2, headers: 1, malformed: { 'field-count': 1 } }, 0],
  ])('%s', (file, counts, rowCount) => {
    const { rows, ledger } = decodeAll(readFileSync(corpusPath('otel-awslogsencoding', file)), DEFAULT.names);
    expect(ledger).toMatchObject(counts);
    expect(rows).toHaveLength(rowCount);
  });

  test('ECS names and transit gateway counters are carried', () => {
    const read = (file: string) =>
      decodeAll(readFileSync(corpusPath('otel-awslogsencoding', file)), DEFAULT.names).rows[0];
    expect(read('valid_vpc_flow_log_ecs.log')).toMatchObject({ 'ecs-cluster-name': 'my-cluster', dstport: 22 });
    expect(read('valid_tgw_flow_log.log')).toMatchObject({ 'packets-lost-ttl-expired': '4', srcaddr: '10.0.0.1' });
  });
});
