import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { FlowtrieError } from '../model/errors.ts';
import type { SourceDocument } from './documents.ts';
import { eventLineKind, readEventLines, readHead } from './event-lines.ts';
import { fileKindOf, isProse, kindOfName, mayBeDocument } from './file-kind.ts';
import { JsonTextError, parseJsonDocuments } from './json-text.ts';
import { parseCsvRows } from './pod-history.ts';
import type { Warn } from './warnings.ts';

/** JSON that neither name nor beginning tells to be of an inventory is read up to this size: it may be a log. */
const UNKNOWN_BYTES_MAX = 64 * 1024 * 1024;

/** Every document of the files below `folder`, in the order of their paths' bytes. */
export async function readInventoryFolder(folder: string, warn: Warn): Promise<SourceDocument[]> {
  await requireFolder(folder);
  const files = await listFiles(folder, '', new Set());
  files.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const documents: SourceDocument[] = [];
  const others: string[] = [];
  for (const file of files) {
    const found = await readDocuments(folder, file, warn);
    if (found === null) others.push(file);
    else for (const document of found) documents.push(document);
  }
  warnOfOthers(others, warn);
  return documents;
}

function unreadable(path: string, cause: unknown): FlowtrieError {
  const why = cause instanceof Error ? cause.message.split(',')[0] : String(cause);
  return new FlowtrieError('inventory', `${path}: cannot be read: ${why}`, { cause });
}

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT')
      throw new FlowtrieError('inventory', `inventory folder ${folder}: not found`, { cause });
    throw unreadable(folder, cause);
  });
  if (!found.isDirectory())
    throw new FlowtrieError('inventory', `inventory folder ${folder}: is a file, expected a folder`);
}

/** Paths relative to the folder. Dot names are skipped; links are followed (a mounted ConfigMap), folders once each. */
async function listFiles(folder: string, below: string, visited: Set<string>): Promise<string[]> {
  const path = join(folder, below);
  try {
    const real = await realpath(path);
    if (visited.has(real)) return [];
    visited.add(real);
    const files: string[] = [];
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      const kind = entry.isSymbolicLink() ? await stat(join(folder, name)) : entry;
      if (kind.isDirectory()) files.push(...(await listFiles(folder, name, visited)));
      else if (kind.isFile()) files.push(name);
    }
    return files;
  } catch (cause) {
    throw cause instanceof FlowtrieError ? cause : unreadable(path, cause);
  }
}

/** The documents of a file; null = it is nothing that an inventory consists of. */
async function readDocuments(folder: string, file: string, warn: Warn): Promise<SourceDocument[] | null> {
  const path = join(folder, file);
  try {
    const head = await readHead(path);
    const lines = eventLineKind(head.text);
    if (lines !== null)
      return [{ file, content: null, events: await readEventLines(path, file, head.gzip, lines, warn) }];
    const kind = fileKindOf(head.text, file);
    if (kind === null) return null;
    const isCertain = kindOfName(file) !== null || mayBeDocument(head.text);
    if (kind === 'json' && !isCertain && (await stat(path)).size > UNKNOWN_BYTES_MAX) {
      warn({ file, path: '$' }, "not read: large JSON that begins with no key of an inventory's documents");
      return [];
    }
    const text = await readText(path, head.gzip);
    if (kind === 'json') return jsonDocuments(text, file, isCertain ? null : warn);
    if (kind === 'yaml') return await yamlDocuments(text, file);
    return [{ file, content: null, csv: await parseCsvRows(text, file) }];
  } catch (cause) {
    throw cause instanceof FlowtrieError ? cause : unreadable(path, cause);
  }
}

async function readText(path: string, gzip: boolean): Promise<string> {
  const bytes = await readFile(path);
  const text = (gzip ? await promisify(gunzip)(bytes) : bytes).toString('utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** Other files that a warning names. */
const NAMES_SHOWN = 3;

/** One warning for all files that are nothing of an inventory: a folder may hold many, logs for one. */
function warnOfOthers(files: readonly string[], warn: Warn): void {
  const [first, ...others] = files.filter((file) => !isProse(file));
  if (first === undefined) return;
  const shown = `${others.slice(0, NAMES_SHOWN).join(', ')}${others.length > NAMES_SHOWN ? ', …' : ''}`;
  const more = others.length === 0 ? '' : `; the same of ${others.length} more: ${shown}`;
  warn(
    { file: first, path: '$' },
    `not recognised: neither JSON nor YAML of an inventory, nor a history of pods${more}`,
  );
}

/** `warn`: it may be anything, a log that is being written, say; null = it is of the inventory and has to be whole. */
function jsonDocuments(text: string, file: string, warn: Warn | null): SourceDocument[] {
  try {
    return parseJsonDocuments(text).map((content) => ({ file, content }));
  } catch (cause) {
    if (!(cause instanceof JsonTextError)) throw cause;
    if (warn !== null) {
      warn({ file, path: '$' }, `not read: begins like JSON, but ${cause.message}`);
      return [];
    }
    const before = text.slice(0, cause.offset);
    const lines = before.split('\n');
    const column = (lines.at(-1)?.length ?? 0) + 1;
    const place = `line ${lines.length} column ${column} (offset ${Buffer.byteLength(before)})`;
    throw new FlowtrieError('inventory', `${file}: broken JSON at ${place}: ${cause.message}`, { cause });
  }
}

/** The library is loaded when there is YAML: it is a third of all files that a start reads. */
async function yamlDocuments(text: string, file: string): Promise<SourceDocument[]> {
  const { parseAllDocuments } = await import('yaml');
  const documents: SourceDocument[] = [];
  for (const document of parseAllDocuments(text)) {
    const [error] = document.errors;
    if (error !== undefined) {
      const place =
        error.linePos === undefined ? '' : ` at line ${error.linePos[0].line} column ${error.linePos[0].col}`;
      const message = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '');
      throw new FlowtrieError('inventory', `${file}: broken YAML${place}: ${message}`, { cause: error });
    }
    const content: unknown = document.toJS();
    // an empty document between two `---` says nothing
    if (content !== null && content !== undefined) documents.push({ file, content });
  }
  return documents;
}
