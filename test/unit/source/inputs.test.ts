import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlowtrieError } from '../../../src/model/errors.ts';
import { listInputs } from '../../../src/source/inputs.ts';

const ANY = { since: null, until: null };

describe('listInputs', () => {
  let folder = '';
  const at = (...names: string[]): string => join(folder, ...names);
  const names = async (...args: string[]): Promise<string[]> =>
    (await listInputs(args, ANY)).map((file) => file.name.replace(`${folder}/`, ''));

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'flowtrie-inputs-'));
    mkdirSync(at('logs', 'b', 'c'), { recursive: true });
    mkdirSync(at('empty'));
    writeFileSync(at('logs', 'b', '000000'), gzipSync('\n\uFEFFversion,srcaddr\n2,10.0.0.1\n'));
    writeFileSync(at('logs', 'b', 'c', 'Z.log'), 'x\n');
    writeFileSync(at('logs', 'b', 'é.log'), '');
    writeFileSync(at('logs', 'b.log'), 'a\n');
    writeFileSync(at('logs', 'a[1].log'), 'a\n');
    symlinkSync(at('logs', 'b.log'), at('logs', 'link.log'));
    symlinkSync(at('logs'), at('logs', 'b', 'up'));
    writeFileSync(at('x.parquet'), 'PAR1....');
    writeFileSync(at('x.zip'), 'PK\u0003\u0004');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('walks folders in order of path bytes, follows links, and keeps the order of arguments', async () => {
    const all = ['logs/a[1].log', 'logs/b.log', 'logs/b/000000', 'logs/b/c/Z.log', 'logs/b/é.log', 'logs/link.log'];
    expect(await names(at('logs'))).toEqual(all);
    expect(await names(at('logs', 'link.log'), '-', at('logs', 'b', 'c'))).toEqual([
      'logs/link.log',
      '-',
      'logs/b/c/Z.log',
    ]);
  });

  it('tells kinds by content', async () => {
    expect(await listInputs([at('logs', 'b', '000000'), at('logs', 'b', 'é.log'), '-'], ANY)).toMatchObject([
      { kind: 'gzip' },
      { kind: 'plain', size: 0 },
      { kind: 'stdin' },
    ]);
  });

  it('expands globs', async () => {
    expect(await names(at('logs', '*.log'))).toEqual(['logs/a[1].log', 'logs/b.log', 'logs/link.log']);
    expect(await names(at('logs', '**', '*.log'))).toContain('logs/b/c/Z.log');
    expect(await names(at('logs', '[!a].lo?'))).toEqual(['logs/b.log']);
    expect(await names(at('lo*', 'b'))).toEqual(['logs/b/000000', 'logs/b/c/Z.log', 'logs/b/é.log']);
    expect(await names(at('logs', 'a[1].log'))).toEqual(['logs/a[1].log']);
  });

  it('looks at nothing that a glob cannot match, and takes hidden names only where it names them', async () => {
    const glob = mkdtempSync(join(tmpdir(), 'flowtrie-glob-[1]-'));
    mkdirSync(join(glob, 'deep', '.hidden'), { recursive: true });
    for (const name of ['s1.log', '.s2.log', 'deep/s3.log', 'deep/.s4.log', 'deep/.hidden/s5.log'])
      writeFileSync(join(glob, name), 'x\n');
    symlinkSync(join(glob, 'nowhere'), join(glob, 'dangling'));
    // a folder that cannot be read, for root too
    symlinkSync('loop', join(glob, 'loop'));
    const before = process.cwd();
    process.chdir(glob);
    try {
      const found = async (pattern: string): Promise<string[]> =>
        (await listInputs([pattern], ANY)).map(({ name }) => name);
      expect(await found('s*')).toEqual(['s1.log']);
      expect(await found('./s*')).toEqual(['s1.log']);
      expect(await found('[!d]*.log')).toEqual(['s1.log']);
      expect(await found('.s*')).toEqual(['.s2.log']);
      expect(await found('d??p/*')).toEqual(['deep/s3.log']);
      expect(await found('d??p/.*.log')).toEqual(['deep/.s4.log']);
      expect(await found('de*/**')).toEqual(['deep/s3.log']);
      expect(await found('de*/**/s*')).toEqual(['deep/s3.log']);
      expect(await found('de*/**/.hidden/*')).toEqual(['deep/.hidden/s5.log']);
      expect(await found('d*')).toContain('dangling');
      const [dangling] = await listInputs(['d*'], ANY);
      expect(dangling?.problem).toBe('dangling: cannot be read (ENOENT)');
      await expect(found('*/s*')).rejects.toThrow('loop: cannot be read (ELOOP)');
    } finally {
      process.chdir(before);
      rmSync(glob, { recursive: true, force: true });
    }
  });

  it.each([
    ['missing.log', 'no such file'],
    ['empty', 'no files'],
    ['*.none', 'no files'],
    ['[z-a]*', 'no valid glob'],
    // newer versions of Node do not tell it from a missing one
    ['logs/b.log/deeper', /cannot be read \(ENOTDIR\)|no such file or folder/],
  ])('refuses %s and names it', async (name, reason) => {
    const list = listInputs([at(name)], ANY);
    await expect(list).rejects.toThrow(FlowtrieError);
    await expect(list).rejects.toThrow(at(name));
    await expect(list).rejects.toThrow(reason);
  });

  it('says of a file that is not read why', async () => {
    const [file] = await listInputs([at('x.zip')], ANY);
    expect(file).toMatchObject({ size: 0, problem: expect.stringMatching(/x\.zip: got zip, expected .*unzip/) });
  });

  it('leaves it to the reading of a Parquet file to tell its damage', async () => {
    const [file] = await listInputs([at('x.parquet')], ANY);
    expect(file).toMatchObject({ kind: 'parquet', groups: [{ rows: 0, bytes: 8 }] });
  });

  it('shows the first line of a file, inflated', async () => {
    const [file] = await listInputs([at('logs', 'b', '000000')], ANY);
    expect(file?.opening).toEqual({ content: 'lines', firstLine: '\uFEFFversion,srcaddr', names: null });
  });
});
