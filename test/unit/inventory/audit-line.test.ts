import { describe, expect, test } from 'vitest';
import { AuditLine, type LineVerdict } from '../../../src/inventory/audit-line.ts';

/** Members of an event as text, in order; null leaves one out. */
type Members = Readonly<Record<string, string | null>>;

const LEASE: Members = {
  kind: '"Event"',
  apiVersion: '"audit.k8s.io/v1"',
  verb: '"update"',
  sourceIPs: '[{"at":["10.0.0.1"]},{}]',
  objectRef: '{"resource":"leases","name":"n1"}',
};
const POD: Members = { ...LEASE, objectRef: '{"resource":"pods","name":"web"}', requestObject: '{}' };
const STATUS_REF = '{"resource":"pods","subresource":"status","name":"web"}';
const IDLE: Members = {
  ...POD,
  verb: '"patch"',
  objectRef: STATUS_REF,
  requestObject: '{"status":{"conditions":[{"type":"Ready"}],"$setElementOrder/conditions":[]}}',
};
const BODY = `{"spec":{},"padding":"${'x'.repeat(600)}"}`;
const LONG: Members = { ...POD, verb: '"create"', requestObject: BODY, responseObject: BODY };

function line(members: Members, more: Members = {}): string {
  const told = Object.entries({ ...members, ...more }).filter(([, value]) => value !== null);
  return `{${told.map(([key, value]) => `"${key}":${value}`).join()}}`;
}

/** One for all lines: what the line before was must not matter. */
const judge = new AuditLine();

/** What stands around the line, with all that may be mistaken for a part of it. */
const BEFORE = '{"conditions":0}\n';
const AFTER = '\n}"}}]","x":{"conditions":0}}\n';

function verdictOf(text: string, after = AFTER): LineVerdict {
  const bytes = Buffer.from(text);
  const all = Buffer.concat([Buffer.from(BEFORE), bytes, Buffer.from(after)]);
  return judge.judge(all, BEFORE.length, BEFORE.length + bytes.length);
}

describe('a line of an audit log that tells nothing of a pod is passed over', () => {
  test.each<[string, string]>([
    ['another resource', line(LEASE)],
    ['a write of another resource with a body', line({ ...LEASE, requestObject: '{}' })],
    ['a read of pods', line(POD, { verb: '"get"' })],
    ['a read of pods without a body', line(POD, { verb: '"get"', requestObject: null })],
    ['a status of conditions alone', line(IDLE)],
    ['a status of its order of conditions alone', line(IDLE, { requestObject: '{"status":{"conditions":[]}}' })],
    ['a key that begins like one of those looked for', line({ kindred: '"x"', resources: '1', ...LEASE })],
    ['brackets and members inside a text', line(LEASE, { annotations: '{"reason":"say \\"}} \\\\","verb":"create"}' })],
    ['blanks', line(LEASE).replaceAll(':', '\t: ').replaceAll(',', ' ,\t')],
    ['an end of Windows', `${line(LEASE)}\r`],
    ['numbers and words', line(LEASE, { a: '12', b: 'true', c: 'null', d: '-1.5e3' })],
    ['the time of its ingestion in front', `2026-01-15T10:00:00.000Z ${line(LEASE)}`],
  ])('%s', (_, text) => {
    expect(verdictOf(text)).toBe('skip');
  });
});

describe('a long write with both bodies is parsed without its request', () => {
  test('create', () => {
    const text = line(LONG);
    expect(verdictOf(text)).toBe('cut');
    const from = text.indexOf(BODY);
    expect([judge.requestFrom, judge.requestTo]).toEqual([BEFORE.length + from, BEFORE.length + from + BODY.length]);
  });

  test.each<[string, string]>([
    ['a short request', line(LONG, { requestObject: '{}' })],
    ['no response', line(LONG, { responseObject: null })],
    ['no request', line(LONG, { requestObject: null })],
    ['a delete', line(LONG, { verb: '"delete"' })],
    ['a binding', line(LONG, { objectRef: '{"resource":"pods","subresource":"binding"}' })],
    ['a request twice', line(LONG).replace('"responseObject"', `"requestObject":${BODY},"responseObject"`)],
  ])('not one with %s', (_, text) => {
    verdictOf(line(LONG));
    expect(verdictOf(text)).toBe('whole');
  });
});

describe('a status that is not of conditions alone is parsed', () => {
  const status = (text: string): string => line(IDLE, { requestObject: text });
  test.each<[string, string]>([
    ['an update', line(IDLE, { verb: '"update"' })],
    ['a patch of the pod itself', line(IDLE, { objectRef: POD.objectRef ?? null })],
    ['another key', status('{"status":{"conditions":[],"phase":"Failed"}}')],
    ['no key', status('{"status":{}}')],
    ['no status', status('{"metadata":{}}')],
    ['two of them', status('{"status":{"conditions":[]},"status":{"conditions":[]}}')],
    ['a key with an escape', status('{"status":{"conditions":[],"\\u0070hase":"Failed"}}')],
    ['a text', status('"status"')],
    ['something wrong behind it', status('{"status":{"conditions":[]};"x":1}')],
    ['something wrong in it', status('{"status":{"conditions":[];"x":1}}')],
  ])('%s', (_, text) => {
    verdictOf(line(IDLE));
    expect(verdictOf(text)).toBe('whole');
  });
});

describe('a line that is not what it should be is parsed', () => {
  const cut = (members: Members): string => line(members).slice(0, -1);
  test.each<[string, string]>([
    ['kind twice', line(LEASE).replace('{', '{"kind":"Event",')],
    ['verb twice', line(LEASE).replace('{', '{"verb":"create",')],
    ['objectRef twice', line(LEASE).replace('{', '{"objectRef":{"resource":"pods"},')],
    ['resource twice', line(LEASE, { objectRef: '{"resource":"pods","resource":"leases"}' })],
    ['subresource twice', line(POD, { objectRef: '{"resource":"pods","subresource":"a","subresource":"b"}' })],
    ['no kind', line(LEASE, { kind: null })],
    ['no apiVersion', line(LEASE, { apiVersion: null })],
    ['no verb', line(LEASE, { verb: null })],
    ['no objectRef', line(LEASE, { objectRef: null })],
    ['no resource', line(LEASE, { objectRef: '{"name":"n1"}' })],
    ['another kind', line(LEASE, { kind: '"Eventual"' })],
    ['another kind of the same length', line(LEASE, { kind: '"Evens"' })],
    ['another group', line(LEASE, { apiVersion: '"v1/audit.k8s.io"' })],
    ['kind without quotes', line(LEASE, { kind: 'xEventx' })],
    ['apiVersion without quotes', line(LEASE, { apiVersion: 'xaudit.k8s.io/v1' })],
    ['verb with an escape', line(POD, { verb: '"\\u0063reate"' })],
    ['verb that is no text', line(POD, { verb: '7' })],
    ['resource with an escape', line(POD, { objectRef: '{"resource":"\\u0070ods"}' })],
    ['resource that is no text', line(POD, { objectRef: '{"resource":7}' })],
    ['a key with an escape', line({ ...LEASE, '\\u0076erb': '"create"' })],
    ['a key with an escape in objectRef', line(LEASE, { objectRef: '{"resource":"leases","\\u0072esource":"pods"}' })],
    ['objectRef that is a list', line(LEASE, { objectRef: '["resource":"leases"}' })],
    ['objectRef without a value', line(LEASE, { objectRef: '{"resource":"leases","x":}' })],
    ['something else in place of a comma', line(LEASE).replace(',"verb"', ';"verb"')],
    ['something else in place of a colon', line(LEASE).replace('"verb":', '"verb";')],
    ['something else in place of a quote', line(LEASE).replace('"verb"', 'xverb"')],
    ['no value', line(LEASE, { x: '' })],
    ['two values', line(LEASE, { x: '1 2' })],
    ['no end', cut(LEASE)],
    ['no end of the last value', cut({ ...LEASE, x: '{"a":1' })],
    ['no end of the last text', cut({ ...LEASE, x: '"a' })],
    ['an end in an escape', cut({ ...LEASE, x: '"a\\' })],
    ['something behind its end', `${line(LEASE)} x`],
    ['another one behind its end', `${line(LEASE)}${line(LEASE)}`],
    ['something in front', `x${line(LEASE)}`],
    ['something behind the time of its ingestion', `2026-01-15T10:00:00.000Z x${line(LEASE)}`],
    ['a date in front', `2026-01-15 ${line(LEASE)}`],
    ['nothing', ''],
  ])('%s', (_, text) => {
    verdictOf(line(IDLE));
    expect(verdictOf(text)).toBe('whole');
  });

  test.each(['"a\\', '{"b":"a', '["a', '{"b":'])('one that is cut off in %s, with nothing behind', (value) => {
    expect(verdictOf(cut({ ...LEASE, x: value }), '\n')).toBe('whole');
  });
});
