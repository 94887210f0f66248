import type { SourceDocument } from '../../src/inventory/documents.ts';
import type { OracleDocument } from '../oracle/oracle.ts';

/** A document of a random world as the inventory reads it. */
export function sourceOf({ file, content }: OracleDocument): SourceDocument {
  if (typeof content !== 'string') return { file, content };
  const csv = content
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(','));
  return { file, content: null, csv };
}
