import { describe, expect, it } from 'vitest';
import { formatFields } from '../../../src/synthetic/options.ts';
import { createOracle } from '../../oracle/oracle.ts';
import { pairs, type Sample, sample } from './sample.ts';

/** Records on which the naive judge and the truth differ, as text; empty = they agree. */
function differences(made: Sample): string[] {
  const oracle = createOracle(made.documents);
  const found: string[] = [];
  for (const { row, record } of pairs(made)) {
    if (row.status !== 'ok') continue;
    const differ = (what: string, got: unknown): void => {
      found.push(`${what}: oracle ${got}, truth ${JSON.stringify(row)}, record ${JSON.stringify(record)}`);
    };
    const role = row.role === 'reply' ? 'reply' : 'request';
    const verdict = oracle.judge(record, { role, direction: row.direction === 'egress' ? 'egress' : 'ingress' });
    if (verdict.predicted !== row.expected) differ('predicted', verdict.predicted);
    if (row.layer === 'sg' && (verdict.sg_verdict !== 'deny' || verdict.nacl_verdict === 'deny'))
      differ('layer', verdict.sg_verdict);
    if (row.layer === 'nacl' && verdict.nacl_verdict !== 'deny') differ('layer', verdict.nacl_verdict);
    const own = oracle.judge(record);
    if (own.direction !== row.direction) differ('direction', own.direction);
    if (row.ladder === 'sure' && own.role !== row.role) differ('role', `${own.role} by ${own.role_basis}`);
    if (own.predicted !== row.expected && row.drift === '0') differ('predicted by the ladder', own.predicted);
    const drift = row.drift === '0' ? 'agree' : row.observed === 'ACCEPT' ? 'unexpected-accept' : 'unexpected-reject';
    if (own.drift !== drift) differ('drift', own.drift);
    found.push(...sideDifferences(oracle.attribute(record), row));
  }
  return found;
}

type Sides = ReturnType<ReturnType<typeof createOracle>['attribute']>;

/** The oracle must name the true owner of every address the record shows, and no pod where it shows none. */
function sideDifferences(sides: Sides, row: Readonly<Record<string, string>>): string[] {
  return (['src', 'dst'] as const).flatMap((name) => {
    const side = sides[name];
    const pod = side.pod === null ? '' : `${side.namespace}/${side.pod}`;
    const visible = row.visible === 'both' || row.visible === name;
    if (!visible) return pod === '' ? [] : [`${name} hidden but ${pod} named: ${JSON.stringify(row)}`];
    const got = `${side.addr} ${side.kind} ${pod}`;
    const want = `${row[`${name}_addr`]} ${row[`${name}_kind`]} ${row[`${name}_pod`]}`;
    return got === want ? [] : [`${name}: oracle ${got}, truth ${want}`];
  });
}

describe('truth by construction equals the naive judge', () => {
  it.each([
    ['v2', 7],
    ['v5', 7],
    ['v5', 8],
  ] as const)('%s, seed %i', { timeout: 300_000 }, async (format, seed) => {
    const made = await sample({ seed }, { fields: formatFields(format) });
    expect(differences(made).slice(0, 5)).toEqual([]);
  });
});
