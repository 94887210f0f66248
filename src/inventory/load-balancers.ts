import { type Frontend, ownerOf, type TargetBinding } from './balancer-owners.ts';
import type { Cursor } from './cursor.ts';
import type { LoadBalancer } from './inventory.ts';
import type { Listener } from './service.ts';
import type { Warn } from './warnings.ts';

/** IANA numbers of what a listener speaks (Elastic Load Balancing API, Protocol). */
const LISTENER_PROTOCOLS: ReadonlyMap<string, readonly number[]> = new Map([
  ['HTTP', [6]],
  ['HTTPS', [6]],
  ['TCP', [6]],
  ['TLS', [6]],
  ['SSL', [6]],
  ['UDP', [17]],
  ['QUIC', [17]],
  ['GENEVE', [17]],
  ['TCP_UDP', [6, 17]],
  ['TCP_QUIC', [6, 17]],
]);

/** What one element tells about one load balancer; elements of several documents add up. */
export interface LoadBalancerPart {
  /** ARN, or the name of a classic one. */
  readonly arn: string;
  readonly name: string | null;
  readonly dnsName: string | null;
  readonly listeners: readonly Listener[];
  readonly tags: ReadonlyMap<string, string>;
  /** False for tags: they may belong to any resource and make no load balancer by themselves. */
  readonly exists: boolean;
}

function readListeners(cursor: Cursor, portKey: string, warn: Warn): Listener[] {
  const port = cursor.integer(portKey, 0, 65_535, 'a port from 0 to 65535');
  const word = cursor.text('Protocol');
  if (port === null || word === null) return [];
  const protocols = LISTENER_PROTOCOLS.get(word.toUpperCase());
  if (protocols === undefined)
    warn(cursor.at('Protocol'), `listener protocol ${word} is not known: the listener is not used`);
  return (protocols ?? []).map((protocol) => ({ protocol, port }));
}

/** An element of `LoadBalancers`. */
export function readLoadBalancer(cursor: Cursor): LoadBalancerPart {
  const arn = cursor.requiredText('LoadBalancerArn');
  const dnsName = cursor.text('DNSName');
  return { arn, name: cursor.text('LoadBalancerName'), dnsName, listeners: [], tags: new Map(), exists: true };
}

/** An element of `Listeners`. */
export function readListener(cursor: Cursor, warn: Warn): LoadBalancerPart {
  const arn = cursor.requiredText('LoadBalancerArn');
  const listeners = readListeners(cursor, 'Port', warn);
  return { arn, name: null, dnsName: null, listeners, tags: new Map(), exists: true };
}

/** An element of `LoadBalancerDescriptions`: a classic load balancer, known by its name. */
export function readClassicLoadBalancer(cursor: Cursor, warn: Warn): LoadBalancerPart {
  const name = cursor.requiredText('LoadBalancerName');
  const listeners = cursor.objects('ListenerDescriptions').flatMap((description) => {
    const listener = description.object('Listener');
    return listener === null ? [] : readListeners(listener, 'LoadBalancerPort', warn);
  });
  return { arn: name, name, dnsName: cursor.text('DNSName'), listeners, tags: new Map(), exists: true };
}

/** An element of `TagDescriptions`. */
export function readTagDescription(cursor: Cursor): LoadBalancerPart {
  const arn = cursor.text('ResourceArn') ?? cursor.requiredText('LoadBalancerName');
  return { arn, name: null, dnsName: null, listeners: [], tags: cursor.tags('Tags'), exists: false };
}

/** Documents beside the balancers that tell what they serve. */
export interface BalancerContext {
  readonly frontends: readonly Frontend[];
  readonly bindings: readonly TargetBinding[];
  /** ARNs of the target groups of a balancer's ARN. */
  targetGroupsOf(arn: string): readonly string[];
}

export function joinLoadBalancers(parts: readonly LoadBalancerPart[], context: BalancerContext): LoadBalancer[] {
  const byArn = new Map<string, LoadBalancerPart[]>();
  for (const part of parts) {
    const list = byArn.get(part.arn);
    if (list === undefined) byArn.set(part.arn, [part]);
    else list.push(part);
  }
  return [...byArn].flatMap(([arn, of]) => {
    if (!of.some((part) => part.exists)) return [];
    const suffix = /:loadbalancer\/(.+)$/.exec(arn)?.[1] ?? arn;
    const listeners = new Map(of.flatMap((part) => part.listeners).map((l) => [`${l.protocol}/${l.port}`, l]));
    const tags = new Map(of.flatMap((part) => [...part.tags]));
    const dnsName = of.find((part) => part.dnsName !== null)?.dnsName ?? null;
    const targetGroupArns = context.targetGroupsOf(arn);
    return {
      arn,
      name: of.find((part) => part.name !== null)?.name ?? suffix.split('/')[1] ?? suffix,
      suffix,
      listeners: [...listeners.values()],
      tags,
      owner: ownerOf({ dnsName, tags, targetGroupArns }, context.frontends, context.bindings),
    };
  });
}
