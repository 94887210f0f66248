import { describe, expect, it } from 'vitest';
import { type CarriedColumn, Present } from '../../../src/model/flow.ts';
import { textCells } from '../../../src/sink/cells.ts';
import { ndjsonEncoder } from '../../../src/sink/ndjson.ts';
import type { Encoded } from '../../../src/sink/part.ts';
import { CarriedFields, type RowContext } from '../../../src/sink/rows.ts';
import { carry, emptyRows, fillRow, type Rows, sampleContext, sampleRows } from './sample.ts';
import { joined } from './written.ts';

const text = (context: RowContext, { flow, verdicts }: Rows): string =>
  joined(ndjsonEncoder(context).encode(flow, verdicts) as Encoded).toString('utf8');

const parse = (ndjson: string): Record<string, unknown>[] =>
  ndjson
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('NDJSON', () => {
  it('writes a record of the default format as the contract has it', () => {
    const rows = sampleRows();
    rows.flow.rows = 1;
    carry(rows.flow, { 'account-id': ['123456789012'] });
    expect(text(sampleContext(), rows)).toBe(
      '{"version":2,"account_id":"123456789012","interface_id":"eni-0a","srcaddr":"10.0.1.5","dstaddr":"10.0.2.9",' +
        '"srcport":49152,"dstport":443,"protocol":6,"packets":10,"bytes":840,"start":1700000000,"end":1700000060,' +
        '"action":"REJECT","log_status":"OK","direction":"ingress","role":"request","role_basis":"port",' +
        '"src_addr":"10.0.1.5","dst_addr":"10.0.2.9","src_kind":"pod","dst_kind":"node","src_namespace":"shop",' +
        '"src_pod":"web-1","src_workload":"Deployment/web","src_node":"ip-10-0-1-5","src_service":null,' +
        '"dst_namespace":null,"dst_pod":null,"dst_workload":null,"dst_node":"ip-10-0-1-5","dst_service":null,' +
        '"src_attribution":"exact","dst_attribution":"exact","src_candidates":null,"dst_candidates":null,' +
        '"sg_verdict":"allow","nacl_verdict":"deny","policy_verdict":"none","sg_rule":"sgr-0a",' +
        '"nacl_rule":"acl-0f/ingress/120","policy_rule":null,"route_kind":null,"route_target":null,' +
        '"route_prefix":null,"predicted":"deny","decided_by":"acl-0f/ingress/120","drift":"agree",' +
        '"drift_cause":null,"path":"cross-az","inventory_version":"v0","agreeing_version":null,"extra":null}\n',
    );
  });

  it('keeps 64-bit values exact, prefers packet addresses, and names implicit-deny', () => {
    const rows = sampleRows();
    const lines = text(sampleContext(['pkt-srcaddr', 'pkt-dstaddr', 'tcp-flags', 'flow-direction']), rows).split('\n');
    const line = lines[1] ?? '';
    expect(line).toContain('"packets":18446744073709551615,"bytes":9007199254740993,');
    expect(JSON.parse(line)).toMatchObject({
      interface_id: 'eni-0c',
      srcaddr: '2001:db8::1',
      pkt_srcaddr: '2001:db8:1:2:3:4:5:6',
      src_addr: '2001:db8:1:2:3:4:5:6',
      dst_addr: '255.255.255.255',
      tcp_flags: 18,
      flow_direction: 'egress',
      src_pod: 'bäcker-\u{1f950}',
      src_workload: null,
      src_candidates: ['shop/web-1', 'schöp/bäcker-\u{1f950}'],
      dst_candidates: null,
      dst_kind: 'external',
      sg_rule: 'implicit-deny',
      nacl_rule: null,
      decided_by: 'implicit-deny',
      route_kind: 'igw',
      route_target: 'igw-01',
      route_prefix: '0.0.0.0/0',
      drift: 'unexpected-accept',
      drift_cause: 'stale-rules',
    });
  });

  it('writes null for what is absent', () => {
    const rows = sampleRows();
    const row = parse(text(sampleContext(), rows))[2] ?? {};
    const nulls = Object.entries(row)
      .filter(([, value]) => value === null)
      .map(([name]) => name);
    const words = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
    expect(nulls).toContain('version');
    expect(nulls).toContain('src_addr');
    expect(nulls).toContain('dst_addr');
    expect(words).toEqual({
      direction: 'unknown',
      role: 'unknown',
      role_basis: 'none',
      src_kind: 'unknown',
      dst_kind: 'unknown',
      src_attribution: 'none',
      dst_attribution: 'none',
      sg_verdict: 'unknown',
      nacl_verdict: 'deny',
      policy_verdict: 'none',
      route_kind: 'local',
      route_target: 'local',
      predicted: 'unknown',
      drift: 'undetermined',
      drift_cause: 'missing-knowledge',
      path: 'unknown',
      inventory_version: '2024-12-20T18:00:00Z',
    });
  });

  it('leaves the verdict columns of records that are never judged null', () => {
    const rows = sampleRows();
    rows.flow.judged = false;
    const row = parse(text(sampleContext(), rows))[0] ?? {};
    for (const name of ['sg_verdict', 'nacl_rule', 'route_kind', 'predicted', 'decided_by', 'drift', 'drift_cause']) {
      expect(row[name], name).toBeNull();
    }
    expect(row).toMatchObject({ src_pod: 'web-1', src_kind: 'pod', path: 'cross-az', inventory_version: 'v0' });
  });

  it('has every column as a key, in column order', () => {
    const context = sampleContext(['vpc-id', 'traffic-path', 'my-own', 'tcp-flags']);
    for (const row of parse(text(context, sampleRows()))) {
      expect(Object.keys(row)).toEqual(context.columns.map((column) => column.name));
    }
  });

  it('escapes carried bytes and replaces what is no UTF-8', () => {
    const rows = sampleRows();
    carry(rows.flow, {
      'instance-tag': ['a"b\\c\u0001', Buffer.from([0x61, 0xff, 0xc3, 0x28]), ''],
      'own-word': ['zürich', '\u{1f950}', '-x-'],
    });
    const found = parse(text(sampleContext(['instance-tag', 'own-word']), rows));
    expect(found.map((row) => row.instance_tag)).toEqual(['a"b\\c\u0001', 'a\ufffd\ufffd(', null]);
    expect(found.map((row) => row.own_word)).toEqual(['zürich', '\u{1f950}', '-x-']);
  });

  it('drops no field whose column another has: it goes to extra', () => {
    const rows = sampleRows();
    carry(rows.flow, {
      'my-field': ['a', '', ''],
      my_field: ['b', 'c', ''],
      my_field_2: ['d', '', ''],
      path: ['p', '', ''],
    });
    const twice = { ...rows.flow.carried[1], name: 'my_field' } as CarriedColumn;
    rows.flow.carried = [...rows.flow.carried, twice];
    const found = parse(text(sampleContext(['my-field', 'my_field', 'my_field_2', 'path', 'my_field']), rows));
    expect(found.map(({ my_field, my_field_2, path, extra }) => ({ my_field, my_field_2, path, extra }))).toEqual([
      { my_field: 'a', my_field_2: 'd', path: 'cross-az', extra: { my_field: 'b', path: 'p', my_field_2: 'b' } },
      {
        my_field: null,
        my_field_2: null,
        path: 'internet',
        extra: expect.objectContaining({ my_field: 'c', my_field_2: 'c' }),
      },
      { my_field: null, my_field_2: null, path: 'unknown', extra: null },
    ]);
    // columns that nobody chose are left out, what has none is not
    const { columns, ...context } = sampleContext(['my-field', 'my_field', 'my_field_2', 'path']);
    const chosen = columns.filter(({ name }) => name === 'srcport' || name === 'extra');
    const [first] = parse(text({ ...context, columns: chosen }, rows));
    expect(first).toEqual({ srcport: 49152, extra: { my_field: 'b', path: 'p', my_field_2: 'b' } });
  });

  it('puts fields that appear later into extra, numbers as numbers', () => {
    const rows = sampleRows();
    carry(rows.flow, { 'late-word': ['x', '', ''], 'packets-lost-no-route': ['0018446744073709551615', '', '7'] });
    const lines = text(sampleContext(), rows).split('\n');
    expect(lines[0]).toContain('"extra":{"late_word":"x","packets_lost_no_route":18446744073709551615}}');
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({
      extra: { tcp_flags: 18, pkt_srcaddr: '2001:db8:1:2:3:4:5:6', flow_direction: 'egress' },
    });
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ extra: { packets_lost_no_route: 7 } });
  });

  it('writes carried numbers without leading zeros and never beyond their type', () => {
    const rows = sampleRows();
    carry(rows.flow, {
      'traffic-path': ['08', '256', ''],
      'packets-lost-mtu-exceeded': ['18446744073709551615', '000', ''],
    });
    const lines = text(sampleContext(['traffic-path', 'packets-lost-mtu-exceeded']), rows).split('\n');
    expect(lines[0]).toContain('"traffic_path":8,"packets_lost_mtu_exceeded":18446744073709551615,');
    expect(lines[1]).toContain('"traffic_path":null,"packets_lost_mtu_exceeded":0,');
  });

  it('agrees with the text cells for every number of digits', () => {
    const rows = emptyRows(128);
    const { flow } = rows;
    for (let row = 0; row < 128; row++) {
      fillRow(rows, row);
      const value = row < 64 ? 2n ** BigInt(row) : 10n ** BigInt(row % 20) - BigInt(row & 1);
      flow.bytes.set([Number(value & 0xffffffffn), Number(value >> 32n)], 2 * row);
      flow.start[row] = Number(value & 0xffffffffn);
      flow.srcAddr[row] = Math.imul(row, 0x01f3_5a07) >>> 0;
      if (row % 3 === 0) flow.present[row] = (flow.present[row] ?? 0) & ~Present.start;
    }
    flow.rows = 128;
    const context = sampleContext();
    const cells = textCells(context, new CarriedFields(context));
    const lines = text(context, rows).trimEnd().split('\n');
    expect(lines).toHaveLength(128);
    const exact = (name: string, line: string): string | undefined =>
      new RegExp(`"${name}":"?([^",}]*)`).exec(line)?.[1];
    lines.forEach((line, row) => {
      context.columns.forEach((column, i) => {
        expect(exact(column.name, line), column.name).toBe(cells[i]?.(flow, rows.verdicts, row) ?? 'null');
      });
    });
  });

  it('grows its buffer and may be used again', () => {
    const rows = emptyRows(4000);
    for (let row = 0; row < 4000; row++) fillRow(rows, row);
    rows.flow.rows = 4000;
    const context = sampleContext();
    const encoder = ndjsonEncoder(context);
    const first = joined(encoder.encode(rows.flow, rows.verdicts) as Encoded).toString();
    const again = joined(encoder.encode(rows.flow, rows.verdicts) as Encoded).toString();
    expect(first.length).toBeGreaterThan(2 ** 20);
    expect(parse(first)).toHaveLength(4000);
    expect(again).toBe(first);
  });
});
