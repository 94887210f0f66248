import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import { afterAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CONFIG = path.join(ROOT, '.dependency-cruiser.cjs');

async function cruiseTree(baseDir: string, folders: string[]): Promise<ICruiseResult> {
  const { outputType: _, ...options } = await extractDepcruiseOptions(CONFIG);
  const { output } = await cruise(folders, { ...options, baseDir, validate: true });
  if (typeof output === 'string') throw new Error('dependency-cruiser returned text');
  return output;
}

function typescriptFiles(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${folder}/${file.replaceAll(path.sep, '/')}`);
}

function violations(result: ICruiseResult): string[] {
  return result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`).sort();
}

test('imports follow the direction of the rooms, and every module was seen', async () => {
  // src/kernel is of another language: the build compiles it, decode/kernel.ts loads the result
  const written = ['src', 'workers'].flatMap(typescriptFiles).filter((file) => !file.startsWith('src/kernel/'));
  const result = await cruiseTree(ROOT, ['src', 'workers', 'bench', 'test']);
  const seen = new Set(result.modules.map((module) => module.source));
  expect(written.length).toBeGreaterThan(50);
  expect(written.filter((file) => !seen.has(file))).toEqual([]);
  // parsed, not only listed: a run without a parser sees files and no imports
  expect(result.summary.totalDependenciesCruised ?? 0).toBeGreaterThan(written.length);
  expect(violations(result)).toEqual([]);
});

/** file → its text; one tree in which each file breaks the rule that is named. */
const BROKEN: ReadonlyArray<readonly [file: string, text: string, rule: string]> = [
  ['src/model/a.ts', "import '../inventory/a.ts';", 'room-model'],
  ['src/inventory/b.ts', "import '../rules/a.ts';", 'room-inventory'],
  ['src/rules/b.ts', "import '../pods/a.ts';", 'room-rules'],
  ['src/pods/b.ts', "import '../rules/a.ts';", 'room-pods'],
  ['src/decode/b.ts', "import type { A } from '../rules/a.ts';", 'room-decode'],
  ['src/source/b.ts', "import '../sink/a.ts';", 'room-source'],
  ['src/sink/b.ts', "import '../source/a.ts';", 'room-sink'],
  ['src/classify/b.ts', "import '../sink/a.ts';", 'room-classify'],
  ['src/explain/b.ts', "import '../sink/a.ts';", 'room-explain'],
  ['src/engine/b.ts', "import '../insight/a.ts';", 'room-engine'],
  ['src/synthetic/b.ts', "import '../rules/a.ts';", 'room-synthetic'],
  ['src/synthetic/c.ts', "import '../inventory/a.ts';", 'synthetic-inventory-types'],
  ['src/bench/b.ts', "import '../sink/a.ts';", 'room-bench'],
  ['src/insight/b.ts', "import '../sink/a.ts';", 'room-insight'],
  ['src/attic/b.ts', "import '../model/a.ts';", 'room-unknown'],
  ['src/cli/b.ts', "import './main.ts';", 'main-imported'],
  ['src/cli/e.ts', "import '../index.ts';", 'room-cli'],
  ['src/cli/c.ts', "import '../../workers/a.ts';", 'src-outward'],
  ['workers/b.ts', "import '../src/sink/a.ts';", 'workers-inward'],
  ['src/index.ts', "import './cli/a.ts';", 'index-without-cli'],
  ['src/model/c.ts', "import type { D } from './d.ts'; export type C = D;", 'circular'],
  ['src/model/e.ts', "import './missing.ts';", 'unresolved'],
  ['src/model/f.ts', 'export const F = 1;', 'unreached'],
  ['src/sink/d.ts', "import 'apache-arrow';", 'package-apache-arrow'],
  ['src/sink/e.ts', "import 'ip-num';", 'package-ip-num'],
  ['src/engine/c.ts', "import 'piscina';", 'package-piscina'],
  ['src/engine/d.ts', "import 'commander';", 'package-commander'],
  ['src/stream/c.ts', "import 'kafkajs';", 'package-kafkajs'],
  ['src/stream/d.ts', "import 'zod';", 'package-zod'],
  ['src/kafka/b.ts', "import '../stream/a.ts';", 'room-kafka'],
  ['src/kubernetes/b.ts', "import '../stream/a.ts';", 'room-kubernetes'],
  ['src/stream/b.ts', "import '../cli/a.ts';", 'room-stream'],
  ['src/sink/f.ts', "import 'fast-csv';", 'package-fast-csv'],
  ['src/sink/h.ts', "import '@fast-csv/parse';", 'package-@fast-csv/parse'],
  ['src/source/c.ts', "import 'hyparquet';", 'lazy-package'],
  ['src/source/g.ts', "import 'hyparquet-writer';", 'package-hyparquet-writer'],
  ['src/source/h.ts', "import '@foxglove/wasm-zstd';", 'package-@foxglove/wasm-zstd'],
  ['src/sink/g.ts', "import './parquet.ts';", 'lazy-parquet'],
  ['src/source/d.ts', "import 'tsx';", 'dev-package'],
  ['src/source/e.ts', "import 'left-behind';", 'unlisted-package'],
];

/** Well-behaved files that the broken ones import. */
const SOUND: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['inventory', 'rules', 'pods', 'sink', 'source', 'insight', 'stream', 'cli'].map((room) => [
      `src/${room}/a.ts`,
      'export type A = 1;',
    ]),
  ),
  'src/cli/main.ts': 'export const MAIN = 1;',
  'src/model/d.ts': "import type { C } from './c.ts'; export type D = C;",
  'workers/a.ts': 'export const WORKER = 1;',
  'src/sink/c.ts': "import '../rules/catalog.ts'; import '../model/g.ts';",
  'src/rules/catalog.ts': 'export const CATALOG = 1;',
  'src/synthetic/d.ts': "import type { A } from '../inventory/a.ts'; import '../model/g.ts';",
  'src/model/g.ts': 'export const G = 1;',
  'src/sink/arrow-file.ts': "import 'apache-arrow';",
  'src/sink/parquet.ts': "import 'hyparquet-writer';",
  'src/cli/d.ts': "import 'commander'; import 'fast-csv';",
  'src/source/f.ts': "export const read = () => import('hyparquet');",
};

const PACKAGES = [
  ...['apache-arrow', 'ip-num', 'piscina', 'commander', 'fast-csv', 'hyparquet', 'hyparquet-writer'],
  ...['@fast-csv/parse', '@foxglove/wasm-zstd', 'kafkajs', 'zod'],
];

function writeTree(folder: string): void {
  const files: Array<readonly [string, string, string?]> = [...Object.entries(SOUND), ...BROKEN];
  for (const name of [...PACKAGES, 'tsx', 'left-behind']) {
    files.push([`node_modules/${name}/package.json`, JSON.stringify({ name, main: 'index.js' })]);
    files.push([`node_modules/${name}/index.js`, 'module.exports = 1;']);
  }
  const dependencies = Object.fromEntries(PACKAGES.map((name) => [name, '1']));
  files.push(['package.json', JSON.stringify({ type: 'module', dependencies, devDependencies: { tsx: '1' } })]);
  for (const [file, text] of files) {
    mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(folder, file), `${text}\n`);
  }
}

const folder = mkdtempSync(path.join(tmpdir(), 'architecture-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('each rule catches the import it forbids, and nothing else', async () => {
  writeTree(folder);
  const result = await cruiseTree(folder, ['src', 'workers']);
  const caught = new Set(result.summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`));
  expect(BROKEN.filter(([file, , rule]) => !caught.has(`${rule}: ${file}`))).toEqual([]);
  const rules = (result.summary.ruleSetUsed?.forbidden ?? []).map((rule) => rule.name ?? '');
  const broken = new Set(BROKEN.map(([, , rule]) => rule));
  expect(rules.length).toBeGreaterThan(20);
  expect(rules.filter((rule) => !broken.has(rule))).toEqual([]);
  const blamed = new Set(
    [...caught].filter((line) => !/^(unreached|circular)/.test(line)).map((line) => line.split(': ')[1]),
  );
  expect(Object.keys(SOUND).filter((file) => blamed.has(file))).toEqual([]);
});
