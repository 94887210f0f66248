import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { INVENTORY, parquetLab } from '../support/parquet-lab.ts';

const lab = parquetLab();
const { at } = lab;

describe('numbers of other types', () => {
  const record = {
    version: '2',
    interface_id: "'eni-0000000000000000a'",
    srcaddr: "'10.0.0.1'",
    dstaddr: "'10.0.0.2'",
    srcport: '443',
    dstport: '45030',
    protocol: '6',
    packets: '37',
    bytes: '470',
    start: '1772439066',
    '"end"': '1772439116',
    action: "'ACCEPT'",
    log_status: "'OK'",
  };

  /** One record with these values: its row as text, and what the quarantine shows. */
  async function read(values: Readonly<Record<string, string>>): Promise<{ row: string; malformed: string }> {
    const columns = Object.entries({ ...record, ...values }).map(([name, value]) => `${value} as ${name}`);
    await lab.duck.run(`copy (select ${columns.join(', ')}) to '${at('typed.parquet')}' (format parquet)`);
    const to = ['--out', '-', '--quarantine', at('typed.quarantine')];
    const { code, stdout } = await runCli(['replay', at('typed.parquet'), '--inventory', INVENTORY, '-q', ...to]);
    expect(code).toBe(0);
    return { row: stdout, malformed: readFileSync(at('typed.quarantine'), 'utf8') };
  }

  it.each([
    ['decimal(5,2)', '443.00'],
    ['decimal(18,4)', '443'],
    ['decimal(38,10)', '443'],
    ['double', '443'],
    ['ubigint', '443'],
  ])('%s: %s is a port', async (type, value) => {
    expect((await read({ srcport: `${value}::${type}` })).row).toContain('"srcport":443,');
  });

  it.each([
    ['decimal(5,2)', '44.5'],
    ['decimal(38,10)', '-0.25'],
    ['double', '0.25'],
    ['integer', '-1'],
    ['bigint', '-1'],
  ])('%s: %s is none', async (type, value) => {
    const { row, malformed } = await read({ srcport: `${value}::${type}` });
    expect(row).toBe('');
    expect(malformed).toContain('"reason":"port"');
    expect(malformed).toContain(` 10.0.0.2 ${value} 45030 `);
  });

  it('unsigned ones are whole up to the last', async () => {
    const { row } = await read({ bytes: '18446744073709551615::ubigint', packets: '9223372036854775808::ubigint' });
    expect(row).toContain('"packets":9223372036854775808,"bytes":18446744073709551615,');
  });

  it('columns that are no fields are carried as they read', async () => {
    const carried = { delta: '-5::int', ratio: '0.25::double', price: '12.34::decimal(9,2)', wide: '-7::bigint' };
    const { row } = await read({ ...carried, many: '7::ubigint' });
    expect(JSON.parse(row)).toMatchObject({ delta: '-5', ratio: '0.25', price: '12.34', wide: '-7', many: '7' });
  });
});
