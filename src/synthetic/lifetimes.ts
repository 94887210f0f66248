import { strict as assert } from 'node:assert';
import { element, type Random } from './random.ts';
import { type Eni, FOREVER, type Lives, type Node, type Workload } from './world.ts';

/** Seconds a released address rests before ipamd hands it out again (VPC CNI, IP_COOLDOWN_PERIOD). */
export const COOLDOWN_SECONDS = 30;
/** A churning pod lives at least this long. */
const LIFE_SECONDS_MIN = 240;
/** Part of the span a churning pod lives on average: bounds the number of lives a replica has. */
const LIFE_SHARE = 0.25;
const RESTART_SECONDS_MAX = 20;
/** Pods that are there from the beginning started up to so long before. */
const AGE_SECONDS_MAX = 3 * 86_400;

/** Addresses nodes can give to pods; those of node n are [nodeFirst[n], nodeFirst[n + 1]). */
export interface Slots {
  readonly address: number[];
  readonly eni: number[];
  /** Second from which the address may be given again; FOREVER = taken. */
  readonly freeAt: number[];
  readonly nodeFirst: number[];
}

export interface LifePlan {
  readonly nodes: readonly Node[];
  readonly workloads: readonly Workload[];
  readonly enis: readonly Eni[];
  readonly slots: Slots;
  /** Branch interfaces in the order branch replicas take them. */
  readonly branches: readonly number[];
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Length of a churning pod's life; null = drawn by the span. */
  readonly lifeSeconds: number | null;
}

interface Life {
  readonly replica: number;
  readonly workload: number;
  readonly address: number;
  readonly eni: number;
  readonly node: number;
  readonly start: number;
  readonly end: number;
}

/** A replica that wants a new pod, and the slot its last one leaves. */
interface Birth {
  readonly at: number;
  readonly replica: number;
  readonly workload: number;
}

/**
 * Plays the span in time order: each replica has one pod at a time; an address rests COOLDOWN_SECONDS between two pods.
 */
export function liveOut(random: Random, plan: LifePlan): Lives {
  const lives: Life[] = [];
  const queue: Birth[] = [];
  let branch = 0;
  plan.workloads.forEach((workload, w) => {
    for (let i = 0; i < workload.replicas; i++) {
      const replica = workload.firstReplica + i;
      const start = plan.startSeconds - random.between(60, AGE_SECONDS_MAX);
      const fixed = (eni: number, node: number): void => {
        const address = element(plan.enis, eni).primary;
        lives.push({ replica, workload: w, address, eni, node, start, end: FOREVER });
      };
      if (workload.hostNetwork) fixed(element(plan.nodes, i).primaryEni, i);
      else if (workload.branch) {
        const eni = element(plan.branches, branch++);
        fixed(eni, element(plan.enis, eni).node);
      } else push(queue, { at: start, replica, workload: w });
    }
  });
  while (queue.length > 0) {
    const birth = pop(queue);
    const life = bear(random, plan, birth);
    lives.push(life);
    const next = life.end + random.between(1, RESTART_SECONDS_MAX);
    if (next < plan.endSeconds) push(queue, { at: next, replica: birth.replica, workload: birth.workload });
  }
  return columns(lives, plan.workloads);
}

function bear(random: Random, plan: LifePlan, { at, replica, workload }: Birth): Life {
  const { slots } = plan;
  const slot = freeSlot(random, plan, at);
  const end = endOf(random, plan, element(plan.workloads, workload), at);
  slots.freeAt[slot] = end === FOREVER ? FOREVER : end + COOLDOWN_SECONDS;
  const eni = element(slots.eni, slot);
  const { node } = element(plan.enis, eni);
  return { replica, workload, address: element(slots.address, slot), eni, node, start: at, end };
}

function endOf(random: Random, plan: LifePlan, workload: Workload, at: number): number {
  if (!workload.churns) return FOREVER;
  const { lifeSeconds } = plan;
  if (lifeSeconds !== null) {
    const end = Math.max(at, plan.startSeconds) + Math.round(lifeSeconds * (0.75 + random.below(500) / 1000));
    return end < plan.endSeconds ? end : FOREVER;
  }
  const mean = Math.max(2 * LIFE_SECONDS_MIN, (plan.endSeconds - plan.startSeconds) * LIFE_SHARE);
  const length = Math.round(LIFE_SECONDS_MIN + random.below(Math.max(1, 2 * (mean - LIFE_SECONDS_MIN))));
  const end = Math.max(at, plan.startSeconds) + length;
  return end < plan.endSeconds ? end : FOREVER;
}

/** The first rested address of some node, from a node drawn by chance on. */
function freeSlot(random: Random, plan: LifePlan, at: number): number {
  const { freeAt, nodeFirst } = plan.slots;
  const count = plan.nodes.length;
  const first = random.below(count);
  for (let n = 0; n < count; n++) {
    const node = (first + n) % count;
    const last = element(nodeFirst, node + 1);
    for (let slot = element(nodeFirst, node); slot < last; slot++) {
      if ((freeAt[slot] ?? FOREVER) <= at) return slot;
    }
  }
  return assert.fail('no node has a free address');
}

function columns(lives: Life[], workloads: readonly Workload[]): Lives {
  lives.sort((a, b) => a.replica - b.replica || a.start - b.start);
  const replicas = workloads.reduce((sum, workload) => sum + workload.replicas, 0);
  const replicaFirst = new Int32Array(replicas + 1);
  for (const life of lives) replicaFirst[life.replica + 1] = (replicaFirst[life.replica + 1] ?? 0) + 1;
  for (let r = 0; r < replicas; r++) replicaFirst[r + 1] = (replicaFirst[r + 1] ?? 0) + (replicaFirst[r] ?? 0);
  return {
    count: lives.length,
    replicaFirst,
    workload: Int32Array.from(lives, (life) => life.workload),
    replica: Int32Array.from(lives, (life) => life.replica),
    address: Uint32Array.from(lives, (life) => life.address),
    eni: Int32Array.from(lives, (life) => life.eni),
    node: Int32Array.from(lives, (life) => life.node),
    start: Uint32Array.from(lives, (life) => life.start),
    end: Uint32Array.from(lives, (life) => life.end),
  };
}

/** Binary heap by time, then replica: the order is the same on every run. */
function before(a: Birth, b: Birth): boolean {
  return a.at < b.at || (a.at === b.at && a.replica < b.replica);
}

function push(heap: Birth[], birth: Birth): void {
  let at = heap.push(birth) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = element(heap, parent);
    if (!before(birth, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = birth;
}

function pop(heap: Birth[]): Birth {
  const top = element(heap, 0);
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(element(heap, child + 1), element(heap, child))) child++;
    const below = element(heap, child);
    if (!before(below, last)) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
  return top;
}
