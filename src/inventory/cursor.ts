import { FlowtrieError } from '../model/errors.ts';
import { type Address, type Cidr, parseAddress, parseCidr } from '../model/ip.ts';
import { parseInstant } from './instant.ts';
import type { Origin } from './inventory.ts';

type JsonObject = { readonly [key: string]: unknown };

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `null`, empty and the text `null` are how tools print "not there"; none of them is a value of a wrong type. */
export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 'null';
}

const NO_CURSORS: readonly Cursor[] = [];

/** Longest piece of a wrong value that an error repeats. */
const GOT_LENGTH_MAX = 80;

/** A value as errors show it. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > GOT_LENGTH_MAX ? `${text.slice(0, GOT_LENGTH_MAX)}…` : text;
}

/**
 * A place in a document: the value and how to say where it stands. Reading a value of a wrong type fails with file,
 * JSON path, got and expected; an absent one is null, or a failure where the document means nothing without it.
 */
export class Cursor implements Origin {
  readonly value: unknown;
  readonly file: string;
  private readonly parent: Cursor | null;
  private readonly key: string | number;

  /** `key` of a root names the document inside its file: empty, or `(document 2)`. */
  constructor(value: unknown, file: string, parent: Cursor | null, key: string | number) {
    this.value = value;
    this.file = file;
    this.parent = parent;
    this.key = key;
  }

  /** `SecurityGroups[4].IpPermissions[2]`; `$` for the root. */
  get path(): string {
    const { parent, key } = this;
    if (parent === null) return key === '' ? '$' : `${key}`;
    const isRoot = parent.parent === null;
    const above = isRoot ? (parent.key === '' ? '' : `${parent.key} `) : parent.path;
    if (typeof key === 'number') return `${above}[${key}]`;
    if (!/^[\w-]+$/.test(key)) return `${above}[${JSON.stringify(key)}]`;
    return isRoot ? `${above}${key}` : `${above}.${key}`;
  }

  get origin(): Origin {
    return { file: this.file, path: this.path };
  }

  get isAbsent(): boolean {
    return isAbsent(this.value);
  }

  fail(expected: string): never {
    const got = shown(this.value);
    throw new FlowtrieError('inventory', `${this.file}: ${this.path}: got ${got}, expected ${expected}`);
  }

  at(key: string): Cursor {
    return new Cursor(this.member(key), this.file, this, key);
  }

  has(key: string): boolean {
    return !isAbsent(this.member(key));
  }

  /** Names of the keys of an object; a list or a plain value has none. */
  keys(): string[] {
    return isObject(this.value) ? Object.keys(this.value) : [];
  }

  /** The value of a key, without a place: most values are as expected, and need none. */
  private member(key: string): unknown {
    return isObject(this.value) ? this.value[key] : undefined;
  }

  /** Objects of a list; absent = none. */
  objects(key: string): readonly Cursor[] {
    return this.objectsIfAny(key) ?? NO_CURSORS;
  }

  objectsIfAny(key: string): Cursor[] | null {
    if (isAbsent(this.member(key))) return null;
    const list = this.at(key);
    const elements = list.elements();
    for (const element of elements) if (!isObject(element.value)) element.fail('an object');
    return elements;
  }

  /** What is not absent in this list. */
  elements(): Cursor[] {
    const list: readonly unknown[] = Array.isArray(this.value) ? this.value : this.fail('a list');
    const elements: Cursor[] = [];
    // loops without closures here and in what reads pods: compiling them is a good part of reading an audit log
    for (let i = 0; i < list.length; i++) {
      const value = list[i];
      if (!isAbsent(value)) elements.push(new Cursor(value, this.file, this, i));
    }
    return elements;
  }

  /** An object below; null = absent. */
  object(key: string): Cursor | null {
    const value = this.member(key);
    if (isAbsent(value)) return null;
    const child = this.at(key);
    return isObject(value) ? child : child.fail('an object');
  }

  asText(): string | null {
    if (this.isAbsent) return null;
    return typeof this.value === 'string' ? this.value : this.fail('a text');
  }

  text(key: string): string | null {
    const value = this.member(key);
    if (isAbsent(value)) return null;
    return typeof value === 'string' ? value : this.at(key).asText();
  }

  requiredText(key: string): string {
    return this.text(key) ?? this.at(key).fail('a text');
  }

  flag(key: string): boolean | null {
    const value = this.member(key);
    if (isAbsent(value)) return null;
    return typeof value === 'boolean' ? value : this.at(key).fail('true or false');
  }

  requiredFlag(key: string): boolean {
    return this.flag(key) ?? this.at(key).fail('true or false');
  }

  /** A whole number in [min, max]. */
  integer(key: string, min: number, max: number, expected: string): number | null {
    const value = this.member(key);
    if (isAbsent(value)) return null;
    const fits = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
    return fits ? value : this.at(key).fail(expected);
  }

  asCidr(): Cidr | null {
    const text = this.asText();
    return text === null ? null : (parseCidr(text) ?? this.fail('a CIDR such as 10.0.0.0/16 or 2001:db8::/56'));
  }

  cidr(key: string): Cidr | null {
    return this.at(key).asCidr();
  }

  asAddress(): Address | null {
    const text = this.asText();
    return text === null ? null : (parseAddress(text) ?? this.fail('an IPv4 or IPv6 address'));
  }

  address(key: string): Address | null {
    const text = this.text(key);
    return text === null ? null : (parseAddress(text) ?? this.at(key).asAddress());
  }

  /** Unix seconds of an RFC 3339 time in UTC. */
  instant(key: string): number | null {
    const text = this.text(key);
    return text === null
      ? null
      : (parseInstant(text) ?? this.at(key).fail('an RFC 3339 time in UTC such as 2024-12-20T16:49:51Z'));
  }

  /** Labels and the like: an object of texts. */
  textMap(key: string): Map<string, string> {
    const child = this.object(key);
    const texts = new Map<string, string>();
    for (const name of child?.keys() ?? []) texts.set(name, child?.text(name) ?? '');
    return texts;
  }

  /** AWS tags: a list of `Key` and `Value`. */
  tags(key: string): Map<string, string> {
    return new Map(this.objects(key).map((tag) => [tag.requiredText('Key'), tag.text('Value') ?? '']));
  }
}
