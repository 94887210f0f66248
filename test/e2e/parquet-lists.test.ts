import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { INVENTORY, parquetLab } from '../support/parquet-lab.ts';

const lab = parquetLab();
const { at } = lab;

describe('nested columns of Parquet', () => {
  it('says once of each column with several values a row that it is left out', async () => {
    const own = `'eni-0a' as interface_id, '10.0.0.1' as srcaddr`;
    const select = `select ${own}, {'a': 1, 'c': [1, 2]} as s, [[1], [2]] as tags`;
    for (const name of ['first', 'second']) {
      const more = name === 'first' ? '' : `, map {'k': [1]} as m, ['web'] as src_candidates`;
      await lab.duck.run(`copy (${select}${more}) to '${at(`${name}.parquet`)}' (format parquet)`);
    }
    const files = [at('first.parquet'), at('second.parquet')];
    const args = ['replay', ...files, '--inventory', INVENTORY, '--json', '--out', at('lists.ndjson')];
    const { code, stdout, stderr } = await runCli(args);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ledger: { lines: 2, classified: 2 } });
    const left = 'expected one value a row, got a list or a map: it is left out';
    expect(stderr.split('\n').filter((line) => line.includes('left out'))).toEqual([
      `flowtrie: warning: ${files[0]}: column s.c: ${left}`,
      `flowtrie: warning: ${files[0]}: column tags: ${left}`,
      `flowtrie: warning: ${files[1]}: column m: ${left}`,
    ]);
    expect(JSON.parse(readFileSync(at('lists.ndjson'), 'utf8').split('\n')[0] ?? '')).toHaveProperty('s\\.a', '1');
    expect((await runCli([...args, '-q'])).stderr).toBe('');
  });
});
