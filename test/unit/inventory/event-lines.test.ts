import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type EventLineKind, readEventLines } from '../../../src/inventory/event-lines.ts';
import type { PodEvents } from '../../../src/inventory/pod-events.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowtrie-event-lines-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Read {
  readonly found: PodEvents;
  readonly warnings: readonly string[];
}

async function read(kind: EventLineKind, text: string): Promise<Read> {
  const path = join(folder, 'audit.log');
  writeFileSync(path, text);
  const warnings: string[] = [];
  const found = await readEventLines(path, 'audit.log', false, kind, (where, message) =>
    warnings.push(`${where.path}: ${message}`),
  );
  return { found, warnings };
}

const PADDING = 'x'.repeat(600);
const UID = '11111111-2222-4333-8444-555555555555';
const SPEC = { nodeName: 'node-a', containers: [] };

function audit(resource: string, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    stage: 'ResponseComplete',
    verb: 'create',
    user: { username: 'system:node:node-a' },
    objectRef: { resource, namespace: 'shop', name: 'web-0', apiVersion: 'v1' },
    responseStatus: { code: 201 },
    requestReceivedTimestamp: '2026-01-15T10:00:00.000000Z',
    stageTimestamp: '2026-01-15T10:00:01.000000Z',
    ...more,
  });
}

const LEASE = audit('leases');
const POD = audit('pods');
const BROKEN = '{"kind":"Event","objectRef":{"resource":"pods"},"verb":"create",,}';
const META = { name: 'web-0', namespace: 'shop', uid: UID };

describe('lines of audit events', () => {
  it('of a write with both bodies: the request where the response does not tell the pod', async () => {
    const request = { metadata: META, spec: SPEC, padding: PADDING };
    const response = { metadata: { name: 'web-0' }, status: { phase: 'Pending' }, padding: PADDING };
    const { found, warnings } = await read(
      'audit',
      `${audit('pods', { requestObject: request, responseObject: response })}\n`,
    );
    expect(warnings).toEqual([]);
    expect(found.events.map(({ uid, namespace, name }) => ({ uid, namespace, name }))).toEqual([
      { uid: UID, namespace: 'shop', name: 'web-0' },
    ]);
  });

  it.each<EventLineKind>(['audit', 'envelope'])(
    '%s: names a broken line behind others that are passed over',
    async (kind) => {
      const passed = kind === 'audit' ? LEASE : JSON.stringify({ logEvents: [{ message: LEASE }] });
      const broken = kind === 'audit' ? BROKEN : `{"logEvents":[{"message":${JSON.stringify(POD)}},,]}`;
      const text = `${passed}\n\n${passed}\n${passed}\n${broken}\n${passed}\n${broken}\n`;
      const { found, warnings } = await read(kind, text);
      expect(found.events).toEqual([]);
      expect(warnings.map((warning) => warning.split(':')[0])).toEqual(['line 5', 'line 7']);
      expect(warnings[0]).toContain('broken JSON');
    },
  );

  it.each<EventLineKind>(['audit', 'envelope'])(
    '%s: a last line that is cut is said, whatever it was',
    async (kind) => {
      const passed = kind === 'audit' ? LEASE : JSON.stringify({ logEvents: [{ message: LEASE }] });
      const { warnings } = await read(kind, `${passed}\n${passed}\n${passed.slice(0, -9)}`);
      expect(warnings).toEqual(['line 3: broken JSON: the file ends in the middle of a line']);
    },
  );

  it('counts on over blocks: a line that several chunks hold is one', async () => {
    const long = audit('leases', { annotations: { padding: 'y'.repeat(1_300_000) } });
    const { warnings } = await read('audit', `${LEASE}\n${long}\n${LEASE}\n${BROKEN}\n`);
    expect(warnings.map((warning) => warning.split(':')[0])).toEqual(['line 4']);
  });
});
