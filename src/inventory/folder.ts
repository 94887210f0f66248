import { open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { FlowtrieError } from '../model/errors.ts';
import type { SourceDocument } from './documents.ts';
import { eventLineKind, readEventLines, readHead } from './event-lines.ts';
import { JsonTextError, parseJsonDocuments } from './json-text.ts';
import { parseCsvRows } from './pod-history.ts';
import type { Warn } from './warnings.ts';

/** Files whose name does not tell are only looked into up to this size: an inventory folder may hold logs, too. */
const UNNAMED_BYTES_MAX = 64 * 1024 * 1024;
const SNIFF_BYTES = 512;

/** Every document of the files below `folder`, in the order of their paths' bytes. */
export async function readInventoryFolder(folder: string, warn: Warn): Promise<SourceDocument[]> {
  await requireFolder(folder);
  const files = await listFiles(folder, '', new Set());
  files.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const documents: SourceDocument[] = [];
  for (const file of files) for (const document of await readDocuments(folder, file, warn)) documents.push(document);
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

async function readDocuments(folder: string, file: string, warn: Warn): Promise<SourceDocument[]> {
  const path = join(folder, file);
  const suffix = /\.([^./]+)$/.exec(file)?.[1]?.toLowerCase();
  try {
    if (suffix !== 'csv' && suffix !== 'yaml' && suffix !== 'yml') {
      const head = await readHead(path);
      const kind = eventLineKind(head.text);
      if (kind !== null) {
        return [{ file, content: null, events: await readEventLines(path, file, head.gzip, kind, warn) }];
      }
      if (head.gzip) return JSON_START.test(head.text) ? jsonDocuments(await readGzip(path), file) : [];
    }
    if (suffix === 'json') return jsonDocuments(await readText(path), file);
    if (suffix === 'yaml' || suffix === 'yml') return await yamlDocuments(await readText(path), file);
    if (suffix === 'csv') return [{ file, content: null, csv: await parseCsvRows(await readText(path), file) }];
    return await unnamedDocuments(path, file, warn);
  } catch (cause) {
    throw cause instanceof FlowtrieError ? cause : unreadable(path, cause);
  }
}

async function readText(path: string): Promise<string> {
  const text = await readFile(path, 'utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

async function readGzip(path: string): Promise<string> {
  return (await promisify(gunzip)(await readFile(path))).toString('utf8');
}

const JSON_START = /^\ufeff?\s*[{[]\s*["{[\]}]/;

/** A file of any other name counts when its content is JSON. */
async function unnamedDocuments(path: string, file: string, warn: Warn): Promise<SourceDocument[]> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
    const start = buffer.toString('latin1', 0, bytesRead).replace(/^\u00ef\u00bb\u00bf/, '');
    if (!/^\s*[{[]\s*["{[\]}]/.test(start) || size > UNNAMED_BYTES_MAX) return [];
  } finally {
    await handle.close();
  }
  try {
    return parseJsonDocuments(await readText(path)).map((content) => ({ file, content }));
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    warn({ file, path: '$' }, `not read: begins like JSON, but ${error.message}`);
    return [];
  }
}

function jsonDocuments(text: string, file: string): SourceDocument[] {
  try {
    return parseJsonDocuments(text).map((content) => ({ file, content }));
  } catch (cause) {
    if (!(cause instanceof JsonTextError)) throw cause;
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
