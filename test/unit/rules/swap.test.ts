import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import { type CompiledRules, compileRules } from '../../../src/rules/compile.ts';
import { eni, inventory, securityGroup, vpc } from '../../support/inventory.ts';

const WORKERS = 2;
const TASKS = 300;
const PACKETS = 8192;

function version(peer: string): CompiledRules {
  return compileRules(
    inventory({
      vpcs: [vpc('vpc-a', ['10.0.0.0/16'])],
      networkInterfaces: [eni('eni-x', ['10.0.0.10'], ['sg-x'])],
      securityGroups: [securityGroup('sg-x', [['r', 'in', 'tcp 443', peer]])],
    }),
  );
}

interface SwapTask {
  readonly version: number;
  readonly buffer: SharedArrayBuffer;
  readonly byteLength: number;
  readonly packets: number;
}

/** What one worker saw in one task. */
interface SwapResult {
  readonly version: number;
  readonly digest: string;
  readonly allowed: number;
}

/** The build, as real workers load it; `npm test` makes it. */
const BUILT = new URL('../../../dist/src/rules/', import.meta.url);

/** Attaches the arena that comes with a task, looks addresses up in it, answers. */
const WORKER = `
const { createHash } = require('node:crypto');
const { parentPort, workerData } = require('node:worker_threads');
const load = (name) => import(new URL(name, workerData).href);
Promise.all([load('arena.js'), load('lookup.js'), load('view.js')]).then(([arena, lookup, { EniSet }]) => {
  parentPort.on('message', ({ version, buffer, byteLength, packets }) => {
    const view = arena.attachRules(buffer, 0, byteLength);
    const https = lookup.portClass(view, 6, 443);
    let allowed = 0;
    for (let i = 0; i < packets; i++) {
      const cls = lookup.addressClass4(view, 0x0a000000 + (i & 0xffff));
      if (view.cellRule[lookup.cellOf(view, view.eniSets[EniSet.sgIngress], cls, https)] >= 0) allowed++;
    }
    const digest = createHash('sha256').update(new Uint8Array(buffer)).digest('hex');
    parentPort.postMessage({ version, digest, allowed });
  });
});`;

const workers = Array.from({ length: WORKERS }, () => new Worker(WORKER, { eval: true, workerData: BUILT.href }));
afterAll(() => Promise.all(workers.map((worker) => worker.terminate())));

test('arenas alternate under running workers: every task is wholly one version', { timeout: 120_000 }, async () => {
  // one version allows all packets, the other none
  const versions = [version('10.0.0.0/8'), version('192.168.0.0/16')];
  const digests = versions.map(({ buffer }) => createHash('sha256').update(new Uint8Array(buffer)).digest('hex'));
  const results: SwapResult[] = [];
  let sent = 0;
  const next = (worker: Worker): void => {
    // a version is published anew each time: workers attach memory they have never seen
    const task = sent++ % versions.length;
    const { buffer, byteLength } = versions[task] ?? version('10.0.0.0/8');
    const fresh = new SharedArrayBuffer(byteLength);
    new Uint8Array(fresh).set(new Uint8Array(buffer, 0, byteLength));
    worker.postMessage({ version: task, buffer: fresh, byteLength, packets: PACKETS } satisfies SwapTask);
  };
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          worker.on('error', reject);
          worker.on('message', (result: SwapResult) => {
            results.push(result);
            if (sent < TASKS) next(worker);
            else resolve();
          });
          next(worker);
        }),
    ),
  );
  expect(results.length).toBeGreaterThanOrEqual(TASKS);
  for (const result of results) {
    expect(result.digest).toBe(digests[result.version]);
    expect(result.allowed).toBe(result.version === 0 ? PACKETS : 0);
  }
  expect(new Set(results.map((result) => result.version)).size).toBe(2);
});
