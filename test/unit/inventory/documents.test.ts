import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { loadInventory } from '../../../src/inventory/load.ts';
import { FlowtrieError } from '../../../src/model/errors.ts';

const folders: string[] = [];

/** A new folder with these files. */
async function folderOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'flowtrie-inventory-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

async function errorOf(files: Readonly<Record<string, string>>): Promise<FlowtrieError> {
  const error: unknown = await loadInventory(await folderOf(files)).catch((cause: unknown) => cause);
  if (!(error instanceof FlowtrieError)) throw new Error(`no FlowtrieError but ${String(error)}`);
  expect(error.code).toBe('inventory');
  expect(error.message).not.toContain('\n');
  return error;
}

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

const VPC = '{"Vpcs":[{"VpcId":"vpc-a","CidrBlock":"10.0.0.0/16"}]}';
const group = (id: string): string => JSON.stringify({ SecurityGroups: [{ GroupId: id }] });

describe('recognised documents', () => {
  it('are found at any depth, by content, several in one file, whatever the name', async () => {
    const folder = await folderOf({
      'a/b/x.json': `{"SecurityGroups":[{"GroupId":"GroupId:9"}],"NextToken":null,${VPC.slice(1)}`,
      'y.yaml':
        'Subnets:\n- {SubnetId: subnet-1, VpcId: vpc-a, CidrBlock: 10.0.1.0/24}\n---\nkind: NodeList\nitems: []\n---\n',
      'two.json': `${group('sg-1')}\n{"NetworkAcls":[]}{"RouteTables":null}`,
      'no-suffix': group('sg-2'),
      '.hidden.json': 'broken',
      'README.md': '# words',
      LICENSE: 'Permission is granted: free of charge',
    });
    const { versions, warnings } = await loadInventory(folder);
    expect(warnings).toEqual([]);
    expect(versions).toHaveLength(1);
    const [version] = versions;
    expect(version?.label).toBe('all');
    expect(version?.validFrom).toBeNull();
    expect(version?.securityGroups.map((g) => g.id)).toEqual(['GroupId:9', 'sg-1', 'sg-2']);
    expect(version?.subnets.map((s) => s.id)).toEqual(['subnet-1']);
    expect([...(version?.described ?? [])].sort()).toEqual([
      'NetworkAcls',
      'Nodes',
      'SecurityGroups',
      'Subnets',
      'Vpcs',
    ]);
    expect(version?.securityGroups[1]?.origin).toEqual({ file: 'two.json', path: '(document 1) SecurityGroups[0]' });
  });

  it('that are not recognised give one warning each', async () => {
    const folder = await folderOf({
      'vpc.json': VPC,
      'other.json': '{"Buckets":[],"Owner":{}}',
      'pl.json': '{"Entries":[{"Cidr":"10.0.0.0/8"}]}',
      'kind.yaml': 'kind: Widget\n---\n[]\n---\njust words\n',
      'odd.csv': 'a,b\n1,2\n',
      almost: '{"a": ',
    });
    const { warnings } = await loadInventory(folder);
    expect(warnings.map(({ file, path, message }) => `${file}: ${path}: ${message}`)).toEqual([
      expect.stringMatching(/^almost: \$: not read: begins like JSON/),
      'kind.yaml: (document 1): not recognised: kind Widget',
      'kind.yaml: (document 3): not recognised: a string',
      "odd.csv: line 1: not recognised: CSV header 'a,b', expected ip,namespace,pod,…",
      'other.json: $: not recognised: top-level keys Buckets, Owner',
      'pl.json: Entries: Entries without PrefixListId beside it: what they belong to is not known',
    ]);
  });
});

describe('names of files mean nothing', () => {
  const yaml = '# from the console\n---\nNextToken: null\nSecurityGroups:\n- GroupId: sg-1\n';
  const csv = '"ip", namespace,POD\n10.0.0.5,shop,web-0\n';
  const idsOf = async (files: Readonly<Record<string, string | Uint8Array>>): Promise<string> => {
    const { versions, warnings } = await loadInventory(await folderOf(files));
    expect(warnings.map(({ message }) => message)).toEqual([]);
    return (versions[0]?.securityGroups ?? []).map((g) => g.id).join();
  };

  it.each(['sg', 'sg.out', 'sg.txt', 'sg.json', 'sg.csv', 'sg.yaml', 'README.md'])('YAML in %s', async (name) => {
    expect(await idsOf({ [name]: yaml })).toBe('sg-1');
    expect(await idsOf({ [name]: `- kind: List\n  items: []\n- ${yaml.split('\n').slice(3).join('\n  ')}` })).toBe(
      'sg-1',
    );
  });

  it.each(['sg', 'sg.out', 'sg.yaml', 'sg.csv', 'sg.json'])('JSON in %s', async (name) => {
    expect(await idsOf({ [name]: `\ufeff\n ${group('sg-1')}` })).toBe('sg-1');
  });

  it.each(['sg', 'sg.gz', 'sg.json', 'sg.yaml.gz'])('gzip of either in %s', async (name) => {
    expect(await idsOf({ [name]: gzipSync(yaml) })).toBe('sg-1');
    expect(await idsOf({ [name]: gzipSync(group('sg-2')) })).toBe('sg-2');
  });

  it.each(['pods', 'pods.txt', 'pods.json', 'pods.yaml', 'pods.csv.gz'])('a history of pods in %s', async (name) => {
    const folder = await folderOf({ [name]: name.endsWith('.gz') ? gzipSync(csv) : csv });
    const { versions, warnings } = await loadInventory(folder);
    expect(warnings).toEqual([]);
    expect(versions[0]?.pods.map((pod) => pod.name)).toEqual(['web-0']);
  });

  it('what is nothing of an inventory is said once, but for words to people', async () => {
    const others = {
      'a.log': '2 123 eni-1 10.0.0.1',
      'b.tf': 'Vpcs = {}',
      'c.tpl': '{{ kind }}',
      d: '',
      e: 'name: x\n',
    };
    const prose = { 'README.md': '# words', NOTICE: 'Words: to people', '.git/config': '[core]' };
    const { warnings } = await loadInventory(await folderOf({ 'vpc.json': VPC, ...others, ...prose }));
    expect(warnings).toEqual([
      {
        file: 'a.log',
        path: '$',
        message:
          'not recognised: neither JSON nor YAML of an inventory, nor a history of pods; the same of 4 more: ' +
          'b.tf, c.tpl, d, …',
      },
    ]);
  });

  it('a document that is cut is an error, JSON that may be anything is not', async () => {
    const cut = group('sg-1').slice(0, -3);
    expect((await errorOf({ 'vpc.json': VPC, 'sg.out': cut })).message).toContain(
      'sg.out: broken JSON at line 1 column',
    );
    expect((await errorOf({ 'vpc.json': VPC, sg: 'Vpcs:\n  - "a\n' })).message).toContain('sg: broken YAML at line');
    const { warnings } = await loadInventory(await folderOf({ 'vpc.json': VPC, log: '{"message":"x"}\n{"mess' }));
    expect(warnings.map(({ file, message }) => `${file}: ${message}`)).toEqual([
      expect.stringMatching(/^log: not read: begins like JSON, but /),
    ]);
  });

  it('large JSON is read where its beginning tells that it is of an inventory, else it is said', async () => {
    const blanks = ' '.repeat(64 * 1024 * 1024);
    const { versions, warnings } = await loadInventory(
      await folderOf({ 'large.out': group('sg-1') + blanks, 'other.out': `{"a":1}${blanks}` }),
    );
    expect(versions[0]?.securityGroups.map((g) => g.id)).toEqual(['sg-1']);
    expect(warnings.map(({ file, message }) => `${file}: ${message}`)).toEqual([
      "other.out: not read: large JSON that begins with no key of an inventory's documents",
    ]);
  });
});

describe('versions', () => {
  it('are folders named by an instant, in both forms; other files belong to each', async () => {
    const folder = await folderOf({
      'vpc.json': VPC,
      'old/2024-12-14T16:49:51Z/g.json': group('sg-old'),
      '20241220T000000Z/g.json': group('sg-new'),
      '2024-12-21t00:00:00z/g.json': group('sg-newer'),
      '20241222t000000z/g.json': group('sg-newest'),
    });
    const { versions } = await loadInventory(folder);
    const seen = versions.map((v) => [v.label, v.validFrom, v.vpcs.length, v.securityGroups.map((g) => g.id).join()]);
    expect(seen).toEqual([
      ['2024-12-14T16:49:51Z', 1734194991, 1, 'sg-old'],
      ['2024-12-20T00:00:00Z', 1734652800, 1, 'sg-new'],
      ['2024-12-21T00:00:00Z', 1734739200, 1, 'sg-newer'],
      ['2024-12-22T00:00:00Z', 1734825600, 1, 'sg-newest'],
    ]);
  });

  it('that are no instant in UTC are an error', async () => {
    const error = await errorOf({ '2024-12-14T16:49:51/g.json': group('sg-1') });
    expect(error.message).toMatch(/got a folder named '2024-12-14T16:49:51', expected an instant in UTC/);
    expect((await errorOf({ '2024-02-30T00:00:00Z/g.json': group('sg-1') })).message).toContain('2024-02-30T00:00:00Z');
  });
});

describe('unreadable inventories', () => {
  it('name the folder that is missing, no folder or without any document', async () => {
    const empty = await folderOf({ 'README.md': 'words' });
    await expect(loadInventory(join(empty, 'missing'))).rejects.toThrow(/missing: not found/);
    await expect(loadInventory(join(empty, 'README.md'))).rejects.toThrow(/README\.md: is a file, expected a folder/);
    await expect(loadInventory(empty)).rejects.toThrow(empty);
  });

  it.each([
    ['{"Vpcs":[}', 'line 1 column 10 (offset 9)', 'a JSON value'],
    ['{"Vpcs":\n [1,]}', 'line 2 column 5 (offset 13)', 'a JSON value'],
    ['{"Vpcs":[]', 'line 1 column 11 (offset 10)', "',' or '}'"],
    ['{"é":1 "b":2}', 'line 1 column 8 (offset 8)', "',' or '}'"],
    ['{"Vpcs":[]} x', 'line 1 column 13 (offset 12)', 'a JSON value'],
    ['{a:1}', 'line 1 column 2 (offset 1)', 'a key in double quotes'],
    ['{"a" 1}', 'line 1 column 6 (offset 5)', "':'"],
    ['', 'line 1 column 1 (offset 0)', 'the text is empty'],
    [`${VPC} {"Vpcs": [tru]}`, 'offset 65', 'a JSON value'],
  ])('say where JSON breaks: %s', async (text, place, expected) => {
    const { message } = await errorOf({ 'sub/vpcs.json': text });
    expect(message).toContain('sub/vpcs.json: broken JSON at ');
    expect(message).toContain(place);
    expect(message).toContain(expected);
  });

  it('say where YAML breaks', async () => {
    const { message } = await errorOf({ 'v.yaml': 'Vpcs:\n  - VpcId: "vpc-a\n' });
    expect(message).toMatch(/^v\.yaml: broken YAML at line \d+ column \d+: /);
  });
});
