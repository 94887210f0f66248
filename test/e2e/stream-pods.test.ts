import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Broker } from '../support/kafka/broker.ts';
import { caughtUp } from '../support/kafka/chaos.ts';
import { type Lab, openLab, packed } from '../support/kafka/lab.ts';
import { startMember } from '../support/kafka/member.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopics, produce, readCommitted, testKafka } from '../support/kafka/topics.ts';
import { kubeList, kubeStatus, sendJson, startKubeServer } from '../support/kube-server.ts';

const PATIENCE_MS = 180_000;
const POD_FILE = 'kubectl-get-pods.json';

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion?: string };
  readonly spec: { readonly hostNetwork?: boolean };
  readonly status: { readonly podIP?: string };
}

let lab: Lab;
beforeAll(async () => {
  lab = await openLab(2_000);
});
afterAll(() => lab.close());

await describeKafka('flowtrie stream --watch-pods', (broker) => {
  it('knows pods from the API server, and those that come while it runs', () => pods(broker()), PATIENCE_MS);
});

/** The lines with windows that ended just now. */
function ofNow(lines: readonly string[]): string[] {
  const end = Math.floor(Date.now() / 1000) - 1;
  return lines.map((line) => {
    const fields = line.split(' ');
    return [...fields.slice(0, 10), end - 1, end, ...fields.slice(12)].join(' ');
  });
}

async function pods(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { raw: 1, seen: 1 });
  const inventory = join(mkdtempSync(join(lab.folder, 'pods-')), 'inventory');
  cpSync(lab.inventory, inventory, { recursive: true });
  const { items } = JSON.parse(readFileSync(join(inventory, POD_FILE), 'utf8')) as { items: Pod[] };
  for (const file of [POD_FILE, 'pod-history.csv']) rmSync(join(inventory, file));
  const met = new Set(lab.lines.flatMap((line) => line.split(' ').slice(3, 5)));
  const later = items.find(({ spec, status }) => spec.hostNetwork !== true && met.has(status.podIP ?? ''));
  if (later === undefined) throw new Error('no pod with an address of its own');
  let watching: ServerResponse | undefined;
  const server = await startKubeServer([
    (_, response) => sendJson(response, 503, kubeStatus(503, 'not yet')),
    (_, response) => sendJson(response, 503, kubeStatus(503, 'not yet')),
    (_, response) =>
      sendJson(
        response,
        200,
        kubeList(
          items.filter((pod) => pod !== later),
          '7',
        ),
      ),
    (_, response) => {
      watching = response;
      response.writeHead(200).flushHeaders();
    },
  ]);
  const member = startMember(
    [
      ...['--brokers', broker.address, '--topic', 'raw', '--group', 'pods', '--inventory', inventory],
      ...['--out', 'kafka:seen', '--threads', '1', '--kube-context', 'test'],
    ],
    { FLOWTRIE_INVENTORY_SECONDS: '0.2', KUBECONFIG: server.kubeconfig },
  );
  const logged = async (text: string): Promise<void> => {
    for (let tries = 0; !member.log().includes(text) && tries < 600; tries++) await sleep(50);
    expect(member.log()).toContain(text);
  };
  await logged('HTTP 503: not yet');
  await logged('partitions assigned');
  const feed = async (): Promise<Set<string>> => {
    await produce(kafka, 'raw', packed(ofNow(lab.lines), 500, 1));
    await caughtUp(kafka, 'pods', 'raw');
    const text = (await readCommitted(kafka, 'seen')).map(({ value }) => value.toString()).join('');
    return new Set([...text.matchAll(/"(?:src|dst)_pod":"([^"]+)"/g)].map(([, name]) => name ?? ''));
  };
  const first = await feed();
  expect(first.size).toBeGreaterThan(3);
  expect(first).not.toContain(later.metadata.name);
  const object = { ...later, metadata: { ...later.metadata, resourceVersion: '8' } };
  watching?.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
  await logged('"generation":2');
  await sleep(2_500);
  expect(await feed()).toContain(later.metadata.name);
  // pods change within a version: no version begins with them
  expect(member.log()).toMatch(/"generation":2,"versions":\["all"\]/);
  expect(await member.stop()).toBe(143);
  server.close();
}
