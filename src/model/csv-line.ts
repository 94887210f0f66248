import { createRequire } from 'node:module';
import type * as Options from '@fast-csv/parse/build/src/ParserOptions.js';
import type * as Columns from '@fast-csv/parse/build/src/parser/column/index.js';
import { fieldSpelled } from './flow.ts';

/** What may stand between the values of a line. */
export type Delimiter = ',' | '\t' | ';';

/** An instant in front of a line, as CloudWatch exports put it there: no value of the record. */
export const ISO_TIME: RegExp = /^\d{4}-\d{2}-\d{2}T\d{2}:/;

/** Reads lines of a table one by one: a record never spans lines, so a damaged line costs no other. */
export class CsvLine {
  readonly delimiter: Delimiter;
  private readonly parser: Parser;

  constructor(delimiter: Delimiter) {
    this.delimiter = delimiter;
    this.parser = openParser(delimiter);
  }

  /** The values: what quotes hold is exact, others have no blanks around; undefined when the quotes do not match. */
  values(line: string): readonly string[] | undefined {
    try {
      return this.parser.parse(line, false).rows[0]?.map(String) ?? [];
    } catch {
      return undefined;
    }
  }
}

/** The values as fields of these names, an instant in front dropped; undefined when they are fewer or more. */
export function fitting(
  values: readonly string[] | undefined,
  names: readonly string[],
): readonly string[] | undefined {
  if (values === undefined) return undefined;
  const extra = values.length - names.length;
  if (extra === 1 && ISO_TIME.test(values[0] ?? '')) return unpadded(values.slice(1), names);
  return extra === 0 ? unpadded(values, names) : undefined;
}

/** Some exports fill cells up with blanks inside the quotes: they belong to the value only where it is a text. */
function unpadded(values: readonly string[], names: readonly string[]): readonly string[] {
  return values.map((value, f) => {
    const bare = value.trim();
    return bare !== value && (fieldSpelled(names[f] ?? '')?.type ?? 'text') !== 'text' ? bare : value;
  });
}

/** The library's parser, down to what trims quoted values: it trims them and bare ones alike, or none. */
interface Parser {
  readonly rowParser: { readonly columnParser: { quotedColumnParser: Columns.QuotedColumnParser } };
  parse(line: string, hasMoreData: boolean): { readonly rows: readonly (readonly unknown[])[] };
}

interface ParserModule {
  readonly Parser: new (options: Options.ParserOptions) => Parser;
}

/** Loaded when a table is first met: few inputs are one, and it would be a good part of a worker's start. */
function openParser(delimiter: Delimiter): Parser {
  const load = createRequire(import.meta.url);
  const { ParserOptions } = load('@fast-csv/parse/build/src/ParserOptions.js') as typeof Options;
  const { Parser } = load('@fast-csv/parse/build/src/parser/Parser.js') as ParserModule;
  const { QuotedColumnParser } = load('@fast-csv/parse/build/src/parser/column/index.js') as typeof Columns;
  const parser = new Parser(new ParserOptions({ delimiter, trim: true }));
  parser.rowParser.columnParser.quotedColumnParser = new QuotedColumnParser(new ParserOptions({ delimiter }));
  return parser;
}
