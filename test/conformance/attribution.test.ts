import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OracleRecord } from '../oracle/oracle.ts';
import { createOracle } from '../oracle/oracle.ts';
import { inventoryFolder, readDocuments } from './case.ts';

interface AttributionCase {
  readonly id: string;
  readonly note: string;
  readonly record: OracleRecord;
  readonly expect: object;
}

const folder = inventoryFolder('eks-fixture');
const csv = { file: 'pods.csv', content: readFileSync(join(folder, 'pods.csv'), 'utf8') };
const oracle = createOracle([...readDocuments(folder), csv]);
const text = readFileSync(new URL('attribution.json', import.meta.url), 'utf8');

describe('the naive attribution agrees with the table of cases', () => {
  it.each(JSON.parse(text) as AttributionCase[])('$id $note', (one) => {
    expect(oracle.attribute(one.record)).toMatchObject(one.expect);
  });
});
