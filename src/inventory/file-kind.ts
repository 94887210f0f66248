import { DOCUMENT_KEYS } from './documents.ts';
import { isPodHistory } from './pod-history.ts';

/** How the documents of a file are written. */
export type FileKind = 'json' | 'yaml' | 'csv';

const KIND_OF_SUFFIX: ReadonlyMap<string, FileKind> = new Map([
  ['json', 'json'],
  ['yaml', 'yaml'],
  ['yml', 'yaml'],
  ['csv', 'csv'],
]);

/** Not `{{` of a template, not `[words]` of other texts. */
const JSON_START = /^\s*(?:\{\s*["}]|\[\s*["{\]])/;
const YAML_KEY = `(?:- )?["']?(?:apiVersion|kind|${DOCUMENT_KEYS.join('|')})["']?:(?:\\s|$)`;
const HAS_YAML_KEY = new RegExp(`^${YAML_KEY}`, 'm');
const ANY_YAML_KEY = /^(?:- )?["']?[A-Za-z][\w-]*["']?:(?:\s|$)/;
const HAS_JSON_KEY = new RegExp(
  `"(?:apiVersion|kind|ENIs|ENIIPPools|resultType|logEvents|${DOCUMENT_KEYS.join('|')})"`,
);

/**
 * What a file is, by how it begins; its name tells only where that does not, as for JSON that is broken at once.
 * null = nothing that an inventory consists of.
 */
export function fileKindOf(head: string, file: string): FileKind | null {
  const text = head.replace(/^\ufeff/, '');
  const named = kindOfName(file);
  // YAML may be written in brackets, too
  if (JSON_START.test(text)) return named === 'yaml' ? 'yaml' : 'json';
  const [first = ''] = text.split('\n', 1);
  if (isPodHistory([first.split(',').map((name) => name.replace(/^\s*"|"\s*$/g, ''))])) return 'csv';
  return isYaml(text) ? 'yaml' : named;
}

/** What the name of a file says of it; null = nothing. */
export function kindOfName(file: string): FileKind | null {
  const suffix = /\.([^./]+)$/.exec(file.replace(/\.gz$/i, ''))?.[1]?.toLowerCase();
  return KIND_OF_SUFFIX.get(suffix ?? '') ?? null;
}

/** True when the first line that says anything is a key, and one of the first keys is that of a document. */
function isYaml(text: string): boolean {
  const first = text.split('\n', 100).find((line) => !/^\s*(?:$|#|---|%)/.test(line));
  return first !== undefined && ANY_YAML_KEY.test(first) && HAS_YAML_KEY.test(text);
}

/** True when JSON of this beginning may be a document of an inventory: logs are JSON, too. */
export function mayBeDocument(head: string): boolean {
  return HAS_JSON_KEY.test(head);
}

/** True for files that stand in any folder and are for people. */
export function isProse(file: string): boolean {
  return /(?:^|\/)(?:readme|license|licence|notice|changelog|[^/]*\.md$)/i.test(file);
}
