import { type Address, sameAddress } from '../model/ip.ts';
import type { PodEvent, PodEvents, PodRelist } from './pod-events.ts';
import type { DescribedPod, PodObject, PodSpan } from './pods.ts';
import type { Warn } from './warnings.ts';

/** Nobody else is given an address before it has rested so long (VPC CNI, IP_COOLDOWN_PERIOD). */
const COOLDOWN_SECONDS = 30;

/** An address that a pod holds. */
interface OpenSpan {
  readonly address: Address;
  readonly start: number;
  readonly softStart: number;
}

/** A pod as its events tell it so far. A class for the reason that PodEvents are made by one. */
class Life {
  readonly scope: string;
  readonly source: PodEvent['source'];
  readonly namespace: string;
  readonly name: string;
  uid: string | null;
  object: PodObject | null = null;
  nodeName: string | null = null;
  hostAddress: Address | null = null;
  eniId: string | null = null;
  startTime: number | null = null;
  /** One or two, as they were opened: a Map for each of a million pods would be most of the memory. */
  open: OpenSpan[] = [];
  readonly spans: PodSpan[] = [];
  /** Its end was seen; after `gone` nothing more is to come. */
  end: 'terminal' | 'gone' | null = null;

  constructor({ scope, source, namespace, name, uid }: PodEvent) {
    this.scope = scope;
    this.source = source;
    this.namespace = namespace;
    this.name = name;
    this.uid = uid;
  }
}

/**
 * Rebuilds the lives of pods from events, whatever their order: terminal phase or removal ends an interval,
 * deletionTimestamp does not; an empty podIP says nothing; another podIP of the same uid ends the first (a sandbox made
 * anew). Of one pod no two intervals of an address overlap.
 */
export function livesOf(lists: readonly PodEvents[], warn: Warn): DescribedPod[] {
  const relists = lists.flatMap((list) => list.relists);
  const bySource = new Map<PodEvent['source'], PodEvent[]>();
  for (const { events } of lists) {
    for (const event of events) {
      const list = bySource.get(event.source);
      if (list === undefined) bySource.set(event.source, [event]);
      else list.push(event);
    }
  }
  return [...bySource].flatMap(([source, list]) => {
    // a stable sort: events of one second keep the order in which they were written
    list.sort((a, b) => a.time - b.time);
    return new Lives(source === 'watch' ? relists : []).replay(list, warn);
  });
}

class Lives {
  private readonly all: Life[] = [];
  private readonly byUid = new Map<string, Life>();
  private readonly byName = new Map<string, Life>();
  private readonly relists: PodRelist[];
  private late = 0;

  constructor(relists: readonly PodRelist[]) {
    this.relists = [...relists].sort((a, b) => a.time - b.time);
  }

  replay(events: readonly PodEvent[], warn: Warn): DescribedPod[] {
    let last = Number.NEGATIVE_INFINITY;
    for (const event of events) {
      while ((this.relists[0]?.time ?? Number.POSITIVE_INFINITY) <= event.time) this.relist(last);
      this.take(event);
      last = event.time;
    }
    while (this.relists.length > 0) this.relist(last);
    if (this.late > 0) {
      const what = `${this.late} events of pods that had already ended: clocks of API servers differ, or ends repeat`;
      warn({ file: 'pod events', path: events[0]?.source ?? '' }, `${what}; they are not used`);
    }
    const pods: DescribedPod[] = [];
    for (const life of this.all) {
      const pod = describedLife(life);
      if (pod !== null) pods.push(pod);
    }
    return pods;
  }

  private relist(lastEvent: number): void {
    const relist = this.relists.shift();
    if (relist === undefined) return;
    for (const life of this.all) {
      if (life.end !== null || life.scope !== relist.scope || relist.uids.has(life.uid ?? '')) continue;
      closeAll(life, Math.min(lastEvent, relist.time), relist.time);
      life.end = 'gone';
    }
  }

  private take(event: PodEvent): void {
    const life = this.lifeOf(event);
    if (life.end !== null) {
      if (life.end === 'gone' && event.addresses.length > 0 && event.kind === 'state') this.late++;
      if (event.kind === 'gone') life.end = 'gone';
      return;
    }
    learn(life, event);
    if (event.kind === 'gone') {
      closeAll(life, event.time, Math.max(event.time, event.until ?? event.time));
      life.end = 'gone';
    } else if (event.terminal) {
      // the kubelet tells the end after it has taken the sandbox down (kubernetes #125404)
      if (life.open.length === 0) openAll(life, event.addresses, Math.min(event.time, event.finishedAt ?? event.time));
      closeAll(life, Math.min(event.time, (event.finishedAt ?? event.time) + COOLDOWN_SECONDS), event.time);
      life.end = 'terminal';
    } else if (event.addresses.length > 0) move(life, event);
  }

  /** By uid; events without one (a binding) belong to the latest pod of that name. */
  private lifeOf(event: PodEvent): Life {
    const byUid = event.uid === null ? undefined : this.byUid.get(event.uid);
    if (byUid !== undefined) return byUid;
    const name = `${event.scope}\n${event.namespace}/${event.name}`;
    const named = this.byName.get(name);
    const known = event.uid === null || named?.uid === null ? named : undefined;
    if (known !== undefined && !(event.uid === null && known.end !== null && event.kind !== 'gone')) {
      if (known.uid === null && event.uid !== null) {
        known.uid = event.uid;
        this.byUid.set(event.uid, known);
      }
      return known;
    }
    const life = new Life(event);
    // a name is used again only when its last holder is gone: its end was not seen
    if (named !== undefined && named.end === null) {
      closeAll(named, event.time, event.time);
      named.end = 'terminal';
    }
    this.all.push(life);
    if (event.uid !== null) this.byUid.set(event.uid, life);
    this.byName.set(name, life);
    return life;
  }
}

function learn(life: Life, event: PodEvent): void {
  life.object = event.object ?? life.object;
  life.nodeName = event.nodeName ?? life.nodeName;
  life.hostAddress = event.hostAddress ?? life.hostAddress;
  life.eniId = event.eniId ?? life.eniId;
  life.startTime ??= event.startTime;
}

/** Opens the addresses that are new and ends those that are no longer named. */
function move(life: Life, event: PodEvent): void {
  const { open } = life;
  for (let i = 0; i < open.length; ) {
    const span = open[i];
    if (span === undefined || holds(event.addresses, span.address)) i++;
    else {
      open.splice(i, 1);
      life.spans.push(ended(span, event.time, event.time));
    }
  }
  openAll(life, event.addresses, event.time);
}

function holds(addresses: readonly Address[], wanted: Address): boolean {
  return addresses.some((address) => sameAddress(address, wanted));
}

function openAll(life: Life, addresses: readonly Address[], time: number): void {
  const isFirst = life.spans.length === 0 && life.open.length === 0;
  const softStart = isFirst ? Math.min(life.startTime ?? time, time) : time;
  for (const address of addresses) {
    if (!life.open.some((span) => sameAddress(span.address, address))) {
      life.open.push({ address, start: time, softStart });
    }
  }
}

function closeAll(life: Life, end: number, softEnd: number): void {
  if (life.open.length === 0) return;
  for (const span of life.open) life.spans.push(ended(span, end, softEnd));
  life.open = [];
}

function ended({ address, start, softStart }: OpenSpan, end: number, softEnd: number): PodSpan {
  const from = Math.min(start, softEnd);
  return { address, softStart, start: from, end: Math.max(end, from), softEnd: Math.max(softEnd, end) };
}

const FOREVER = Number.POSITIVE_INFINITY;

function describedLife(life: Life): DescribedPod | null {
  const { object, spans } = life;
  for (const { address, start, softStart } of life.open) {
    spans.push({ address, softStart, start, end: FOREVER, softEnd: FOREVER });
  }
  if (spans.length === 0) return null;
  return {
    source: life.source,
    namespace: life.namespace,
    name: life.name,
    uid: life.uid,
    workload: null,
    labels: object?.labels ?? NO_LABELS,
    controller: object?.controller ?? null,
    nodeName: life.nodeName ?? object?.nodeName ?? null,
    hostAddress: life.hostAddress ?? object?.hostAddress ?? null,
    eniId: life.eniId ?? object?.eniId ?? null,
    serviceAccount: object?.serviceAccount ?? null,
    // a log that begins later than the pod does not show its spec: the node's own address tells
    hostNetwork: object?.hostNetwork ?? isHostAddress(life, spans),
    spans,
    ports: object?.ports ?? NO_PORTS,
  };
}

function isHostAddress(life: Life, spans: readonly PodSpan[]): boolean | null {
  // on Fargate the pod's address is its node's
  if (life.hostAddress === null || life.nodeName?.startsWith('fargate-') === true) return null;
  const host = life.hostAddress;
  return spans.some((span) => sameAddress(span.address, host));
}

const NO_LABELS: ReadonlyMap<string, string> = new Map();
const NO_PORTS: readonly never[] = [];
