import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { Cursor } from '../../src/inventory/cursor.ts';
import { envelopeMessages, readEventLines } from '../../src/inventory/event-lines.ts';
import { isAuditEvent, type PodEvent, podEventOfAudit } from '../../src/inventory/pod-events.ts';
import { FlowtrieError } from '../../src/model/errors.ts';
import { audit, instantAt, podObject } from '../support/history.ts';

const SEED = Number(process.env.FLOWTRIE_SEED ?? 20_260_115);
const RUNS = Number(process.env.FLOWTRIE_HISTORIES ?? 60);
const root = mkdtempSync(join(tmpdir(), 'flowtrie-audit-lines-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Json = { readonly [key: string]: unknown };

/** Text that looks like members, brackets and ends of strings. */
const CONFUSING = ['"verb":"get"', '\\', '\\"', '}}', '{"objectRef":{"resource":"leases"}}', '"pods"', 'é漢', '\u0000'];
const confusing = fc.constantFrom(...CONFUSING);

const pod = fc.record({ uid: fc.constantFrom('u1', 'u2'), name: fc.constantFrom('web-1', 'web-2') });
const address = fc.constantFrom('10.0.1.11', '10.0.1.12', '010.0.0.1', '2001:db8::1');

/** Events as the API server writes them: of pods, told and idle, and of everything else. */
const event = fc
  .record({ at: fc.nat(900), pod, address, text: confusing, kind: fc.nat(13), long: fc.boolean() })
  .map(({ at, pod: who, address: ip, text, kind, long }): Json => {
    const padding = long ? { padding: 'x'.repeat(600), text } : { text };
    const both = (body: object) => ({ requestObject: { ...body, padding }, responseObject: { ...body, padding } });
    const other = (verb: string, ref: object, more: object = {}) => ({
      ...audit.delete(at, who),
      verb,
      ...more,
      objectRef: ref,
    });
    const conditions = [{ type: 'Ready', status: 'True', message: text }];
    const events: readonly (() => object)[] = [
      () => audit.create(at, who),
      () => ({
        ...audit.create(at, who),
        ...both((audit.create(at, who) as { responseObject: object }).responseObject),
      }),
      () => audit.bind(at, who),
      () => audit.running(at, who, ip),
      () => audit.status(at, who, { conditions, '$setElementOrder/conditions': [{ type: 'Ready' }] }),
      () => audit.status(at, who, { conditions, containerStatuses: [] }),
      () => audit.status(at, who, {}),
      () => audit.finish(at, who),
      () => audit.delete(at, who, long ? 0 : 30, long ? 'system:node:n1' : 'someone'),
      () => other('get', { resource: 'pods', namespace: 'shop', name: who.name }),
      () => other('update', { resource: 'leases', name: who.name }, both({ kind: 'Lease', verb: 'patch', text })),
      () => other('create', { resource: 'pods', subresource: 'eviction', name: who.name }, both({ kind: 'Eviction' })),
      () => other('patch', { resource: 'pods', name: who.name, namespace: 'shop' }, both(podObject(who, ip))),
      () => other('deletecollection', { resource: 'pods', namespace: 'shop' }),
    ];
    return { ...(events[kind]?.() ?? {}), annotations: { 'authorization.k8s.io/reason': text, verb: 'get' } } as Json;
  });

/** Null `weight` times as often. */
function rarely<T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}

const ESCAPED = ['verb', 'objectRef', 'resource', 'status', 'kind', 'patch', 'pods', 'get', 'requestObject'];
const TWICE = ['verb', 'objectRef', 'kind', 'requestObject', 'resource', 'status'];
const MISTYPED = [
  'verb',
  'objectRef',
  'resource',
  'subresource',
  'stage',
  'requestObject',
  'status',
  'uid',
  'apiVersion',
];
const MISFITS: readonly unknown[] = [7, null, '', 'null', [], {}, 'get', 'pods', 'Event'];

/** What a member that stands twice says the other time. */
const OTHERS = new Map([
  ['objectRef', '{"resource":"leases"}'],
  ['requestObject', '{}'],
]);

/** Order of members, blanks, keys and values written with escapes, members twice or of a wrong type. */
const writing = fc.record({
  order: fc.infiniteStream(fc.nat(1000)),
  isShuffled: fc.boolean(),
  blank: fc.constantFrom('', '', ' ', ' \t'),
  escape: rarely(3, fc.constantFrom(...ESCAPED)),
  twice: rarely(4, fc.tuple(fc.constantFrom(...TWICE), fc.boolean())),
  wrong: rarely(4, fc.tuple(fc.constantFrom(...MISTYPED), fc.constantFrom(...MISFITS))),
  prefix: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('', `${instantAt(1)} `) },
    { weight: 1, arbitrary: fc.constantFrom('2026-01-15 ', ' ') },
  ),
  end: fc.oneof({ weight: 6, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.constantFrom('\r', ' ', ' x') }),
  cut: rarely(6, fc.nat()),
});

type Generated = typeof writing extends fc.Arbitrary<infer T> ? T : never;
type Writing = Omit<Generated, 'order'> & { readonly order: Iterable<number> };

function lineOf(what: Json, how: Writing): string {
  const keys = how.order[Symbol.iterator]();
  const [again, isBefore] = how.twice ?? [null, false];
  const word = (text: string): string => {
    const quoted = JSON.stringify(text);
    if (text !== how.escape) return quoted;
    return `"\\u00${text.charCodeAt(0).toString(16)}${quoted.slice(2)}`;
  };
  const write = (value: unknown): string => {
    if (typeof value === 'string') return word(value);
    if (Array.isArray(value)) return `[${value.map(write).join()}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const members = Object.entries(value).flatMap(([key, below]) => {
      const told = how.wrong?.[0] === key ? how.wrong[1] : below;
      const member = `${how.blank}${word(key)}${how.blank}:${how.blank}${write(told)}${how.blank}`;
      if (key !== again) return [member];
      const other = `"${key}":${OTHERS.get(key) ?? '"get"'}`;
      return isBefore ? [other, member] : [member, other];
    });
    const sorted = members.map((member) => ({ member, key: Number(keys.next().value) }));
    if (how.isShuffled) sorted.sort((a, b) => a.key - b.key);
    return `{${sorted.map(({ member }) => member).join()}}`;
  };
  const line = how.prefix + write(what) + how.end;
  return how.cut === null ? line : line.slice(0, 1 + (how.cut % line.length));
}

interface Reading {
  readonly events: readonly PodEvent[];
  readonly words: readonly string[];
}

const FILE = 'c1/audit.log';
/** What `readEventLines` says one by one. */
const COMPLAINTS_MAX = 5;

/** JSON.parse of every line. */
function plainly(lines: readonly string[]): Reading {
  const events: PodEvent[] = [];
  const words: string[] = [];
  const read = (cursor: Cursor): void => {
    const found = isAuditEvent(cursor) ? podEventOfAudit(cursor) : null;
    if (found !== null) events.push(found);
    if (!isAuditEvent(cursor)) for (const message of envelopeMessages(cursor)) read(message);
  };
  lines.forEach((line, i) => {
    try {
      const json = line.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z\s+/, '').trim();
      if (json !== '') read(new Cursor(JSON.parse(json), FILE, null, `line ${i + 1}`));
    } catch (error) {
      if (error instanceof FlowtrieError) words.push(`line ${i + 1}: ${error.message.replace(`${FILE}: `, '')}`);
      else words.push(`line ${i + 1}: broken JSON: ${(error as Error).message}`);
    }
  });
  const more = words.length - COMPLAINTS_MAX;
  if (more > 0) words.splice(COMPLAINTS_MAX, more, `line ${lines.length}: ${more} more lines could not be used`);
  return { events, words };
}

async function quickly(text: string | Buffer): Promise<Reading> {
  const path = join(root, 'audit.log');
  writeFileSync(path, text);
  const words: string[] = [];
  const warn = (origin: { readonly path: string }, message: string) => words.push(`${origin.path}: ${message}`);
  const { events } = await readEventLines(path, FILE, false, 'audit', warn);
  return { events, words };
}

test(`lines of an audit log: as JSON.parse of every one (seed ${SEED})`, { timeout: 600_000 }, async () => {
  let told = 0;
  const check = async (written: readonly (readonly [Json, Writing])[], gap: number): Promise<void> => {
    // a long line in between moves the others over the ends of chunks
    const long = JSON.stringify({ kind: 'Event', apiVersion: 'audit.k8s.io/v1', padding: 'x'.repeat(gap) });
    const lines = [...written.map(([what, how]) => lineOf(what, how)), long];
    const all = [...lines, ...lines, ...lines];
    const expected = plainly(all);
    expect(await quickly(all.map((line) => `${line}\n`).join(''))).toEqual(expected);
    told += expected.events.length;
  };
  const written = fc.array(fc.tuple(event, writing), { minLength: 1, maxLength: 60, size: 'max' });
  await fc.assert(fc.asyncProperty(written, fc.integer({ min: 1, max: 600_000 }), check), {
    seed: SEED,
    numRuns: RUNS,
    endOnFailure: true,
  });
  expect(told).toBeGreaterThan(10 * RUNS);
});

test('a damaged byte: the event as it stands, or words, never another event', { timeout: 600_000 }, async () => {
  const how: Writing = {
    order: [],
    isShuffled: false,
    blank: '',
    escape: null,
    twice: null,
    wrong: null,
    prefix: '',
    end: '',
    cut: null,
  };
  const check = async (what: Json, place: number, byte: number): Promise<void> => {
    const bytes = Buffer.from(lineOf(what, how));
    bytes[place % bytes.length] = byte;
    const expected = plainly(bytes.toString().split('\n'));
    const found = await quickly(Buffer.concat([bytes, Buffer.from('\n')]));
    // where a value that is passed over is damaged, a parser refuses what is read here
    if (expected.words.length === 0) expect(found).toEqual(expected);
    else expect(found.words.length + found.events.length).toBeLessThanOrEqual(expected.words.length);
  };
  await fc.assert(fc.asyncProperty(event, fc.nat(), fc.integer({ min: 9, max: 255 }), check), {
    seed: SEED,
    numRuns: RUNS * 5,
    endOnFailure: true,
  });
});
