import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { flowLine } from '../oracle/flow-line.ts';
import type { Oracle } from '../oracle/oracle.ts';
import { createOracle } from '../oracle/oracle.ts';
import { createVersionedOracle } from '../oracle/versions.ts';
import { fitsRecord, inventoryFolder, isOneVersion, knownOf, readCases, readDocuments, recordOf } from './case.ts';

const cases = readCases();
const judged = cases.filter((one) => one.expect !== null && isOneVersion(one));
const versioned = cases.filter((one) => !isOneVersion(one));
const oracles = new Map<string, Oracle>();
for (const { inventory } of judged) {
  if (!oracles.has(inventory)) oracles.set(inventory, createOracle(readDocuments(inventoryFolder(inventory))));
}

function oracleOf(inventory: string): Oracle {
  const oracle = oracles.get(inventory);
  if (oracle === undefined) throw new Error(`no inventory ${inventory}`);
  return oracle;
}

/** The oracle's verdict of a record has no path: that follows from the owners, which another part of it knows. */
function verdictOf({ expect: wanted }: (typeof cases)[number]): object {
  const { path: _path, ...columns } = { path: null, ...wanted };
  return columns;
}

describe('the naive oracle agrees with the table of cases', () => {
  it.each(judged)('$id at $at.eni $at.direction', (one) => {
    const verdict = oracleOf(one.inventory).judge(recordOf(one), knownOf(one));
    expect(verdict).toMatchObject(verdictOf(one));
  });

  it.each(cases.filter(({ expect: wanted }) => wanted === null))('$id is no record to judge', (one) => {
    const record = recordOf(one);
    const fields = Object.keys(record);
    const line = fields.map((name) => record[name] ?? '-').join(' ');
    expect(flowLine(line, fields)).toEqual({ kind: one.ledger });
  });

  it.each(judged.filter(fitsRecord))('$id from the record alone', (one) => {
    const verdict = oracleOf(one.inventory).judge(recordOf(one));
    expect(verdict).toMatchObject(verdictOf(one));
  });
});

describe('the naive oracle over versions agrees with the table of cases', () => {
  const judges = new Map([...new Set(versioned.map((one) => one.inventory))].map((name) => [name, judgeOf(name)]));

  it.each(versioned)('$id at $at.eni $at.direction', (one) => {
    expect(judges.get(one.inventory)?.(recordOf(one))).toMatchObject(one.expect ?? {});
  });
});

/** Documents of the folder itself belong to every version, those of a folder named by an instant to that one. */
function judgeOf(name: string): ReturnType<typeof createVersionedOracle> {
  const folder = inventoryFolder(name);
  const labels = readdirSync(folder, { withFileTypes: true }).flatMap((file) => (file.isDirectory() ? file.name : []));
  const always = readDocuments(folder);
  return createVersionedOracle(
    labels.sort().map((label) => {
      const documents = [...readDocuments(join(folder, label)), ...always];
      return { label, validFrom: Date.parse(label) / 1000, documents };
    }),
  );
}

describe('the table is whole', () => {
  it('every case C01 to C70 is a file or listed as not modelled', () => {
    const text = readFileSync(new URL('not-modelled.json', import.meta.url), 'utf8');
    const notModelled = JSON.parse(text) as { id: string; reason: string }[];
    const listed = [...cases.map(({ id }) => id), ...notModelled.map(({ id }) => id)].filter((id) =>
      id.startsWith('C'),
    );
    const wanted = Array.from({ length: 70 }, (_, at) => `C${String(at + 1).padStart(2, '0')}`);
    expect(listed.sort()).toEqual(wanted);
  });

  it('every verdict column is expected by every case', () => {
    const columns = ['sg_verdict', 'sg_rule', 'nacl_verdict', 'nacl_rule', 'route_kind', 'predicted', 'decided_by'];
    for (const one of judged) expect(Object.keys(one.expect ?? {}), one.id).toEqual(expect.arrayContaining(columns));
  });
});
