import { describe, expect, it } from 'vitest';
import { DEFAULT_FORMAT } from '../../../src/model/flow.ts';
import { ADDED_NAMES, outputColumns, UNKNOWN_COLUMNS_MAX } from '../../../src/sink/columns.ts';

const names = (fields: readonly string[]): string[] => outputColumns(fields).map((column) => column.name);

describe('outputColumns', () => {
  it('always has the default fields, then the added columns, then extra', () => {
    const raw = DEFAULT_FORMAT.map((name) => name.replaceAll('-', '_'));
    expect(names([])).toEqual([...raw, ...ADDED_NAMES, 'extra']);
    expect(names(['srcaddr', 'action'])).toEqual(names([]));
    expect(ADDED_NAMES.join(' ')).toBe(
      'direction role role_basis src_addr dst_addr src_kind dst_kind src_namespace src_pod src_workload src_node ' +
        'src_service dst_namespace dst_pod dst_workload dst_node dst_service src_attribution dst_attribution ' +
        'src_candidates dst_candidates sg_verdict nacl_verdict policy_verdict sg_rule nacl_rule policy_rule ' +
        'route_kind route_target route_prefix predicted decided_by drift drift_cause path inventory_version ' +
        'agreeing_version',
    );
  });

  it('orders known fields as AWS does and keeps unknown ones in order of appearance', () => {
    const found = names(['my-word', 'pkt-srcaddr', 'vpc-id', 'srcaddr', 'other_word', 'my_word']);
    expect(found.slice(14, 16)).toEqual(['vpc_id', 'pkt_srcaddr']);
    expect(found.slice(-3)).toEqual(['my_word', 'other_word', 'extra']);
  });

  it('never names two columns alike', () => {
    const found = names(['path', 'drift', 'extra', 'direction', 'srcaddr', 'own']);
    expect(new Set(found).size).toBe(found.length);
    expect(found.slice(-2)).toEqual(['own', 'extra']);
  });

  it('bounds the columns of unknown words', () => {
    const many = Array.from({ length: UNKNOWN_COLUMNS_MAX + 5 }, (_, i) => `word-${i}`);
    expect(names(many)).toHaveLength(names([]).length + UNKNOWN_COLUMNS_MAX);
  });

  it('gives Arrow types by unit', () => {
    const types = Object.fromEntries(outputColumns(['traffic-path']).map((column) => [column.name, column.type]));
    expect(types).toMatchObject({
      srcaddr: 'dictionary',
      srcport: 'uint16',
      protocol: 'uint8',
      packets: 'uint64',
      bytes: 'uint64',
      start: 'int64',
      action: 'word',
      sg_rule: 'dictionary',
      src_candidates: 'utf8list',
      traffic_path: 'uint8',
      extra: 'utf8',
    });
  });

  it('is plain data, fit for a worker', () => {
    const columns = outputColumns(['own']);
    expect(structuredClone(columns)).toEqual(columns);
  });
});
