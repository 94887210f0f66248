import { describe, expect, test } from 'vitest';
import { ruleTables } from '../../../bench/rivals/duckdb-tables.ts';
import { eni, inventory, securityGroup } from '../../support/inventory.ts';

describe('ruleTables', () => {
  const tables = ruleTables(
    inventory({
      networkInterfaces: [
        eni('eni-1', ['10.0.0.4', '10.0.0.5', '10.0.0.16/28'], ['sg-a']),
        eni('eni-2', ['10.0.0.6'], ['sg-b', 'sg-a']),
        eni('eni-3', ['10.0.0.9'], ['sg-a', 'sg-b']),
      ],
      securityGroups: [
        securityGroup('sg-a', [
          ['r1', 'in', 'tcp 443-444', '192.168.0.0/16'],
          ['r2', 'in', 'tcp 443', '2001:db8::/32'],
        ]),
        securityGroup('sg-b', [['r3', 'out', 'all', 'sg-a']]),
      ],
    }),
  );

  test('gives interfaces with the same groups, in any order, one set', () => {
    expect(tables.interfaces).toEqual([
      { id: 'eni-1', address: '10.0.0.4', groupSet: 0 },
      { id: 'eni-2', address: '10.0.0.6', groupSet: 1 },
      { id: 'eni-3', address: '10.0.0.9', groupSet: 1 },
    ]);
  });

  test('expands a rule per set; members of a group become as few ranges as they can; IPv6 is left out', () => {
    const base = 10 * 2 ** 24;
    const lan = 0xc0a8_0000;
    const web = { egress: false, protocol: [6, 6], ports: [443, 444], addresses: [lan, lan + 65_535] };
    const any = { groupSet: 1, number: 5, egress: true, protocol: [0, 255], ports: [0, 65_535] };
    expect(tables.rules).toEqual([
      { groupSet: 0, number: 1, ...web },
      { groupSet: 1, number: 3, ...web },
      { ...any, addresses: [base + 4, base + 6] },
      { ...any, addresses: [base + 9, base + 9] },
      { ...any, addresses: [base + 16, base + 31] },
    ]);
  });
});
