import { createRequire } from 'node:module';
import type * as Options from '@fast-csv/parse/build/src/ParserOptions.js';
import type * as Parsing from '@fast-csv/parse/build/src/parser/Parser.js';

/** What may stand between the values of a line. */
export type Delimiter = ',' | '\t' | ';';

/** An instant in front of a line, as CloudWatch exports put it there: no value of the record. */
export const ISO_TIME: RegExp = /^\d{4}-\d{2}-\d{2}T\d{2}:/;

/** Reads lines of a table one by one: a record never spans lines, so a damaged line costs no other. */
export class CsvLine {
  readonly delimiter: Delimiter;
  private readonly parser: Parsing.Parser;

  constructor(delimiter: Delimiter) {
    this.delimiter = delimiter;
    this.parser = openParser(delimiter);
  }

  /** The values without quotes and blanks around them; undefined when the quotes do not match. */
  values(line: string): readonly string[] | undefined {
    try {
      return this.parser.parse(line, false).rows[0]?.map(String) ?? [];
    } catch {
      return undefined;
    }
  }
}

/** The values as so many fields, an instant in front dropped; undefined when they are fewer or more. */
export function fitting(values: readonly string[] | undefined, fields: number): readonly string[] | undefined {
  if (values?.length === fields) return values;
  return values?.length === fields + 1 && ISO_TIME.test(values[0] ?? '') ? values.slice(1) : undefined;
}

/** Loaded when a table is first met: few inputs are one, and it would be a good part of a worker's start. */
function openParser(delimiter: Delimiter): Parsing.Parser {
  const load = createRequire(import.meta.url);
  const { ParserOptions } = load('@fast-csv/parse/build/src/ParserOptions.js') as typeof Options;
  const { Parser } = load('@fast-csv/parse/build/src/parser/Parser.js') as typeof Parsing;
  return new Parser(new ParserOptions({ delimiter, trim: true }));
}
