import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { LivePods } from '../../../src/inventory/live-pods.ts';
import { livesOf } from '../../../src/inventory/pod-lives.ts';
import { openKubernetesApi } from '../../../src/kubernetes/api.ts';
import { watchPods } from '../../../src/kubernetes/pod-watch.ts';
import { pause } from '../../../src/stream/status.ts';
import {
  type KubeScript,
  type KubeServer,
  kubeList,
  kubePod,
  kubeStatus,
  sendEvents,
  sendJson,
  startKubeServer,
} from '../../support/kube-server.ts';

const before = process.env.KUBECONFIG;
let server: KubeServer | undefined;
afterEach(() => {
  server?.close();
  if (before === undefined) delete process.env.KUBECONFIG;
  else process.env.KUBECONFIG = before;
});

/** Never answers a watch, and keeps it open. */
const silent: KubeScript = (_, response) => void response.writeHead(200).flushHeaders();
const list =
  (items: readonly object[], version: string): KubeScript =>
  (_, response) =>
    sendJson(response, 200, kubeList(items, version));
const bookmark = (version: string): object => {
  return { type: 'BOOKMARK', object: { kind: 'Pod', metadata: { resourceVersion: version } } };
};

interface Heard {
  readonly calls: string[];
  readonly waits: number[];
  readonly pods: LivePods;
}

/** Runs the scripts until the last one is asked for. */
async function heard(scripts: readonly KubeScript[]): Promise<Heard> {
  server = await startKubeServer(scripts);
  process.env.KUBECONFIG = server.kubeconfig;
  const [calls, waits, pods]: [string[], number[], LivePods] = [[], [], new LivePods()];
  const stop = new AbortController();
  const name = (object: unknown): string => (object as { metadata: { name: string } }).metadata.name;
  const watching = watchPods(
    {
      api: await openKubernetesApi('test'),
      listener: {
        listed(items, at) {
          calls.push(`list ${items.map(name).join(',')}`);
          pods.listed(items, at / 1000);
        },
        changed(type, object, at) {
          calls.push(`${type} ${name(object)}`);
          pods.changed(type, object, at / 1000);
        },
        malformed: (reason) => void calls.push(`malformed ${reason.slice(0, 20)}`),
        trouble: (problem) => void (problem !== null && calls.push('trouble')),
      },
      backoffMs: (tries) => 2 + tries,
      async pause(ms, signal) {
        waits.push(ms);
        await pause(Math.min(ms, 5), signal);
      },
    },
    stop.signal,
  );
  for (let tries = 0; server.requests.length < scripts.length && tries < 400; tries++) await sleep(10);
  await sleep(50);
  stop.abort();
  await watching;
  return { calls, waits, pods };
}

const versionsAsked = (): (string | undefined)[] =>
  (server?.requests ?? []).filter(({ query }) => query.watch === '1').map(({ query }) => query.resourceVersion);

describe('the watch of pods', () => {
  it('reads a list by pages, then watches from its version on, with the token of its context', async () => {
    const { calls } = await heard([
      (_, response) => sendJson(response, 200, kubeList([kubePod('a', 'u1', '10.0.1.11')], '5', 'more')),
      list([kubePod('b', 'u2', '10.0.1.12')], '7'),
      (_, response) => sendEvents(response, [{ type: 'ADDED', object: kubePod('ü', 'u3', '10.0.1.13') }]),
    ]);
    expect(calls).toEqual(['list a,b', 'ADDED ü']);
    expect(server?.requests.map(({ path, authorization }) => `${path} ${authorization}`)).toEqual(
      Array(3).fill('/api/v1/pods Bearer a-token'),
    );
    expect(server?.requests.map(({ query }) => [query.limit, query.continue])).toEqual([
      ['500', undefined],
      ['500', 'more'],
      [undefined, undefined],
    ]);
    const { query } = server?.requests[2] ?? {};
    expect(query).toMatchObject({ resourceVersion: '7', allowWatchBookmarks: 'true' });
    expect(Number(query?.timeoutSeconds)).toBeGreaterThanOrEqual(240);
  });

  it('goes on from the last bookmark when a watch ends, or breaks off in the middle of a line', async () => {
    const { calls, waits } = await heard([
      list([], '7'),
      (_, response) => {
        sendEvents(response, [bookmark('9')]);
        response.end();
      },
      (_, response) => {
        sendEvents(response, [{ type: 'ADDED', object: kubePod('a', 'u1', '10.0.1.11') }, bookmark('12')]);
        response.write('{"type":"ADDED","obj');
        setTimeout(() => response.destroy(), 20);
      },
      silent,
    ]);
    expect(versionsAsked()).toEqual(['7', '9', '12']);
    // what the server ends in its time is no fault
    expect(waits).toEqual([2]);
    expect(calls).toEqual(['list ', 'ADDED a']);
  });

  it('lists again after 410, as an event, as an answer, and within a list', async () => {
    const { calls } = await heard([
      list([kubePod('a', 'u1', '10.0.1.11')], '7'),
      (_, response) => sendEvents(response, [{ type: 'ERROR', object: kubeStatus(410, 'too old resource version') }]),
      list([kubePod('a', 'u2', '10.0.1.11')], '20'),
      (_, response) => sendJson(response, 410, kubeStatus(410, 'Expired')),
      (_, response) => sendJson(response, 200, kubeList([], '30', 'more')),
      (_, response) => sendJson(response, 410, kubeStatus(410, 'the continue token has expired')),
      list([kubePod('c', 'u3', '10.0.1.13')], '40'),
      silent,
    ]);
    expect(calls.filter((call) => call.startsWith('list'))).toEqual(['list a', 'list a', 'list c']);
    expect(versionsAsked()).toEqual(['7', '20', '40']);
  });

  it('waits as long as the server asks, and longer each time; refusals are trouble', async () => {
    const { calls, waits } = await heard([
      (_, response) => sendJson(response, 429, kubeStatus(429, 'slow down'), { 'retry-after': '3' }),
      (_, response) => sendJson(response, 401, kubeStatus(401, 'Unauthorized')),
      (_, response) => response.destroy(),
      list([], '7'),
      silent,
    ]);
    expect(waits).toEqual([3000, 3, 4]);
    expect(calls).toEqual(['trouble', 'trouble', 'trouble', 'list ']);
  });

  it('leaves out what is no event, and says so', async () => {
    const { calls } = await heard([
      list([], '7'),
      (_, response) =>
        sendEvents(response, [
          'not JSON',
          { type: 'ADDED' },
          { type: 'MOVED', object: kubePod('a', 'u1', '10.0.1.11') },
          { type: 'MODIFIED', object: kubePod('b', 'u2', '10.0.1.12') },
        ]),
    ]);
    expect(calls.map((call) => call.split(' ')[0])).toEqual([
      'list',
      'malformed',
      'malformed',
      'malformed',
      'MODIFIED',
    ]);
  });
});

describe('a context', () => {
  it('that is not there is named with those that are', async () => {
    server = await startKubeServer([silent]);
    process.env.KUBECONFIG = server.kubeconfig;
    await expect(openKubernetesApi('prod')).rejects.toThrow("--kube-context: expected one of test, other, got 'prod'");
  });
});

describe('live pods', () => {
  const T0 = 1_768_471_200;
  const lives = (pods: LivePods): string[] => {
    const { events } = pods.document();
    const described = livesOf(events === undefined ? [] : [events], (_, message) => expect.fail(message));
    return described.map(({ uid, spans }) => {
      const end = spans[0]?.end ?? 0;
      return `${uid} ${end === Number.POSITIVE_INFINITY ? 'open' : `${end - T0}-${(spans[0]?.softEnd ?? 0) - T0}`}`;
    });
  };

  it('are told apart by uid: who is missing in a list ended between the last event and it', () => {
    const pods = new LivePods();
    pods.listed([kubePod('redis-0', 'u5', '10.0.2.70'), kubePod('web', 'u9', '10.0.2.64')], T0);
    pods.changed('MODIFIED', kubePod('web', 'u9', '10.0.2.64'), T0 + 50);
    pods.changed('ADDED', kubePod('late', 'u7', '10.0.2.80'), T0 + 60);
    // the same name with another uid is another pod
    const again = kubePod('redis-0', 'u5b', '10.0.2.71', '2026-01-15T10:03:20Z');
    pods.listed([again, kubePod('web', 'u9', '10.0.2.64')], T0 + 260);
    expect(lives(pods).sort()).toEqual(['u5 60-260', 'u5b open', 'u7 60-260', 'u9 open']);
    expect(pods.size).toBe(4);
    pods.forget(T0 + 300);
    expect(lives(pods).sort()).toEqual(['u5b open', 'u9 open']);
  });

  it('change only when something is said that matters', () => {
    const pods = new LivePods();
    pods.listed([kubePod('web', 'u9', '10.0.2.64')], T0);
    const { revision } = pods;
    for (let beat = 1; beat < 500; beat++) pods.changed('MODIFIED', kubePod('web', 'u9', '10.0.2.64'), T0 + beat);
    expect(pods.revision).toBe(revision);
    pods.changed('DELETED', kubePod('web', 'u9', '10.0.2.64'), T0 + 500);
    expect(pods.revision).toBe(revision + 1);
    expect(lives(pods)).toEqual(['u9 500-500']);
    expect(pods.document().events?.events).toHaveLength(2);
  });

  it('that are broken are said and left out', () => {
    const pods = new LivePods();
    const wrong = pods.listed([kubePod('a', 'u1', 'not an address'), kubePod('b', 'u2', '10.0.1.12')], T0);
    expect(wrong).toHaveLength(1);
    expect(wrong[0]).toContain('not an address');
    expect(pods.size).toBe(1);
  });
});
