import { FlowtrieError } from '../model/errors.ts';
import { Cursor, isAbsent } from './cursor.ts';
import { parseInstant } from './instant.ts';

/** What is read of an event: numbers of fields, and of the bodies behind them. */
export const FIELD = {
  verb: 0,
  username: 1,
  resource: 2,
  subresource: 3,
  namespace: 4,
  name: 5,
  uid: 6,
  stage: 7,
  code: 8,
  received: 9,
  staged: 10,
  request: 11,
  response: 12,
} as const;

/** Where they are: the object inside the event, if any, and the name. */
export const FIELD_PLACES: readonly (readonly [object: string | null, name: string])[] = [
  [null, 'verb'],
  ['user', 'username'],
  ['objectRef', 'resource'],
  ['objectRef', 'subresource'],
  ['objectRef', 'namespace'],
  ['objectRef', 'name'],
  ['objectRef', 'uid'],
  [null, 'stage'],
  ['responseStatus', 'code'],
  [null, 'requestReceivedTimestamp'],
  [null, 'stageTimestamp'],
  [null, 'requestObject'],
  [null, 'responseObject'],
];

/** The fields of one event. A field of a wrong type fails when it is asked for. */
export interface AuditFields {
  readonly file: string;
  /** Null = absent. */
  text(field: number): string | null;
  /** Unix seconds. */
  instant(field: number): number | null;
  /** Whatever stands there. */
  value(field: number): unknown;
  /** A body; its value may be anything, or undefined. */
  body(field: number): Cursor;
  fail(field: number, expected: string): never;
}

/** Of an event that was parsed. */
export class ParsedFields implements AuditFields {
  readonly file: string;
  private readonly event: Cursor;

  constructor(event: Cursor) {
    this.event = event;
    this.file = event.file;
  }

  text(field: number): string | null {
    const [object, name] = placeOf(field);
    return (object === null ? this.event : this.event.object(object))?.text(name) ?? null;
  }

  instant(field: number): number | null {
    return this.event.instant(placeOf(field)[1]);
  }

  value(field: number): unknown {
    const [object, name] = placeOf(field);
    return (object === null ? this.event : this.event.object(object))?.at(name).value;
  }

  body(field: number): Cursor {
    return this.event.at(placeOf(field)[1]);
  }

  fail(field: number, expected: string): never {
    return this.event.at(placeOf(field)[1]).fail(expected);
  }
}

function placeOf(field: number): readonly [object: string | null, name: string] {
  return FIELD_PLACES[field] ?? [null, ''];
}

/** As the audit kernel gathers them: by number. What fails is read again where it can be told what it was. */
export class GatheredFields implements AuditFields {
  readonly file: string;
  private readonly values: readonly unknown[];

  constructor(values: readonly unknown[], file: string) {
    this.values = values;
    this.file = file;
  }

  text(field: number): string | null {
    const value = this.values[field];
    if (isAbsent(value)) return null;
    return typeof value === 'string' ? value : this.fail(field, 'a text');
  }

  instant(field: number): number | null {
    const text = this.text(field);
    return text === null ? null : (parseInstant(text) ?? this.fail(field, 'a time'));
  }

  value(field: number): unknown {
    return this.values[field];
  }

  body(field: number): Cursor {
    return new Cursor(this.values[field], this.file, null, '');
  }

  fail(field: number, expected: string): never {
    throw new FlowtrieError('inventory', `${placeOf(field)[1]}: expected ${expected}`);
  }
}
