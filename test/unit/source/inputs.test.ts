import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlowtrieError } from '../../../src/model/errors.ts';
import { listInputs } from '../../../src/source/inputs.ts';

describe('listInputs', () => {
  let folder = '';
  const at = (...names: string[]): string => join(folder, ...names);
  const names = (...args: string[]): string[] => listInputs(args).map((file) => file.name.replace(`${folder}/`, ''));

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
    writeFileSync(at('x.zst'), Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('walks folders in order of path bytes, follows links, and keeps the order of arguments', () => {
    const all = ['logs/a[1].log', 'logs/b.log', 'logs/b/000000', 'logs/b/c/Z.log', 'logs/b/é.log', 'logs/link.log'];
    expect(names(at('logs'))).toEqual(all);
    expect(names(at('logs', 'link.log'), '-', at('logs', 'b', 'c'))).toEqual(['logs/link.log', '-', 'logs/b/c/Z.log']);
  });

  it('tells kinds by content', () => {
    expect(listInputs([at('logs', 'b', '000000'), at('logs', 'b', 'é.log'), '-'])).toMatchObject([
      { kind: 'gzip' },
      { kind: 'plain', size: 0 },
      { kind: 'stdin' },
    ]);
  });

  it('expands globs', () => {
    expect(names(at('logs', '*.log'))).toEqual(['logs/a[1].log', 'logs/b.log', 'logs/link.log']);
    expect(names(at('logs', '**', '*.log'))).toContain('logs/b/c/Z.log');
    expect(names(at('logs', '[!a].lo?'))).toEqual(['logs/b.log']);
    expect(names(at('lo*', 'b'))).toEqual(['logs/b/000000', 'logs/b/c/Z.log', 'logs/b/é.log']);
    expect(names(at('logs', 'a[1].log'))).toEqual(['logs/a[1].log']);
  });

  it.each([
    ['missing.log', 'no such file'],
    ['empty', 'no files'],
    ['*.none', 'no files'],
    ['[z-a]*', 'no valid glob'],
    ['x.parquet', 'got Parquet'],
    ['x.zst', 'got zstd'],
    ['logs/b.log/deeper', 'cannot be read (ENOTDIR)'],
  ])('refuses %s and names it', (name, reason) => {
    const list = (): unknown => listInputs([at(name)]);
    expect(list).toThrow(FlowtrieError);
    expect(list).toThrow(at(name));
    expect(list).toThrow(reason);
  });

  it('shows the first line of a file, inflated', () => {
    const [file] = listInputs([at('logs', 'b', '000000')]);
    expect(file?.opening).toEqual({ content: 'lines', firstLine: '\uFEFFversion,srcaddr', names: null });
  });
});
