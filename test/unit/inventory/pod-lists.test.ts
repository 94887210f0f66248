import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { PodInterval } from '../../../src/inventory/inventory.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { formatAddress } from '../../../src/model/ip.ts';
import { instantAt, podObject, T0 } from '../../support/history.ts';

const SEED = Number(process.env.FLOWTRIE_SEED ?? 20_260_115);
const root = mkdtempSync(join(tmpdir(), 'flowtrie-lists-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const WEB = { uid: 'u1', name: 'web-0' };
const [A, B] = ['10.0.1.11', '10.0.1.12'];

/** Pods that version folders show, each by the second of its instant. */
async function podsOf(lists: readonly (readonly [number, ...object[]])[]): Promise<readonly PodInterval[]> {
  const folder = mkdtempSync(join(root, 'inventory-'));
  for (const [second, ...items] of lists) {
    const version = join(folder, instantAt(second).replace('.000', ''));
    mkdirSync(version);
    writeFileSync(join(version, 'pods.json'), JSON.stringify({ kind: 'PodList', items }));
  }
  const { versions } = await loadInventory(folder);
  rmSync(folder, { recursive: true });
  return versions[0]?.pods ?? [];
}

/** `ip softStart start end softEnd` in seconds after T0, earliest first. */
function told(pods: readonly PodInterval[]): string[] {
  const at = (seconds: number): string => (Number.isFinite(seconds) ? String(seconds - T0) : seconds < 0 ? '-' : '+');
  return [...pods]
    .sort((a, b) => a.startSeconds - b.startSeconds)
    .map((p) => {
      const times = [p.softStartSeconds, p.startSeconds, p.endSeconds, p.softEndSeconds].map(at);
      return [formatAddress(p.address), ...times].join(' ');
    });
}

function web(ip: string | null, more: { start?: number; ready?: number; ends?: number } = {}): object {
  const pod = podObject(WEB, ip, { start: more.start ?? -500 }) as { status: object };
  const { ready, ends } = more;
  const terminated = ends === undefined ? {} : { finishedAt: instantAt(ends) };
  return {
    ...pod,
    status: {
      ...pod.status,
      ...(ready === undefined
        ? {}
        : {
            conditions: [{ type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: instantAt(ready) }],
          }),
      ...(ends === undefined ? {} : { phase: 'Succeeded', containerStatuses: [{ state: { terminated } }] }),
    },
  };
}

describe('one uid at another address in a later list', () => {
  test.each([
    [
      'ends the first, which it certainly had when it was listed',
      [
        [0, web(A)],
        [1000, web(B)],
      ],
      [`${A} -500 -500 0 1000`, `${B} 0 1000 + +`],
    ],
    [
      'began where its new sandbox says so',
      [
        [0, web(A, { ready: -490 })],
        [1000, web(B, { ready: 600 })],
      ],
      [`${A} -500 -490 0 1000`, `${B} 0 600 + +`],
    ],
    [
      'a sandbox that the earlier list tells too is not the new one',
      [
        [0, web(A, { ready: 2 })],
        [1000, web(B, { ready: 2 })],
      ],
      [`${A} -500 2 2 1000`, `${B} 0 1000 + +`],
    ],
    [
      'comes back: two stretches',
      [
        [0, web(A)],
        [1000, web(B)],
        [2000, web(A)],
      ],
      [`${A} -500 -500 0 1000`, `${B} 0 1000 1000 2000`, `${A} 1000 2000 + +`],
    ],
    [
      'comes back and goes',
      [[0, web(A)], [1000, web(B)], [2000, web(A)], [3000]],
      [`${A} -500 -500 0 1000`, `${B} 0 1000 1000 2000`, `${A} 1000 2000 + +`],
    ],
    [
      'comes back and moves again',
      [
        [0, web(A)],
        [1000, web(B)],
        [2000, web(A)],
        [3000, web(B)],
      ],
      [...[`${A} -500 -500 0 1000`, `${B} 0 1000 1000 2000`, `${A} 1000 2000 2000 3000`], `${B} 2000 3000 + +`],
    ],
    [
      'ended there before the list',
      [
        [0, web(A)],
        [1000, web(B, { ends: 700 })],
      ],
      [`${A} -500 -500 0 1000`, `${B} 0 700 700 700`],
    ],
    [
      'a list without an address says nothing',
      [
        [0, web(null)],
        [1000, web(B)],
      ],
      [`${B} -500 -500 + +`],
    ],
    [
      'a list without an address between says nothing',
      [
        [0, web(A)],
        [500, web(null)],
        [1000, web(A)],
      ],
      [`${A} -500 -500 + +`],
    ],
  ] as const)('%s', async (_, lists, wanted) => {
    expect(told(await podsOf(lists))).toEqual(wanted);
  });

  test(`is never certainly at both, and possibly where a list shows it (seed ${SEED})`, async () => {
    const shown = fc.option(fc.constantFrom(A, B, '10.0.1.13'), { freq: 5, nil: null });
    const ready = fc.option(fc.integer({ min: -500, max: 900 }), { nil: undefined });
    const check = async (lists: [string | null, number | undefined][]): Promise<void> => {
      const pods = await podsOf(
        lists.map(([ip, at], i) => [i * 100, web(ip, at === undefined || at > i * 100 ? {} : { ready: at })] as const),
      );
      const stretches = [...pods].sort((a, b) => a.startSeconds - b.startSeconds || a.endSeconds - b.endSeconds);
      stretches.forEach((pod, i) => {
        expect(stretches[i + 1]?.startSeconds ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(pod.endSeconds);
      });
      lists.forEach(([ip], i) => {
        if (ip === null) return;
        const at = T0 + i * 100;
        const there = pods.filter((pod) => pod.softStartSeconds <= at && pod.softEndSeconds >= at);
        expect(there.map(({ address }) => formatAddress(address))).toContain(ip);
      });
    };
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(shown, ready), { minLength: 1, maxLength: 8 }), check), {
      seed: SEED,
      numRuns: 60,
    });
  });
});
