import type { Cursor } from './cursor.ts';
import type { ForwardingListener, Target, TargetGroup } from './gateway.ts';

/** An element of `Listeners` when it forwards; rules of ALB listeners beyond the default are not read. */
export function readForwardingListener(cursor: Cursor): ForwardingListener[] {
  const loadBalancerArn = cursor.requiredText('LoadBalancerArn');
  const port = cursor.integer('Port', 0, 65_535, 'a port from 0 to 65535');
  const word = (cursor.text('Protocol') ?? '').toUpperCase();
  if (port === null || word === '') return [];
  const groups = cursor.objects('DefaultActions').flatMap((action) => {
    const listed = action.object('ForwardConfig')?.objects('TargetGroups') ?? [];
    return [action.text('TargetGroupArn') ?? [], ...listed.map((group) => group.text('TargetGroupArn') ?? [])].flat();
  });
  const protocol = word === 'TCP_UDP' || word === 'TCP_QUIC' ? null : word === 'UDP' || word === 'QUIC' ? 17 : 6;
  return [{ loadBalancerArn, protocol, port, targetGroupArns: [...new Set(groups)] }];
}

/** An element of `TargetGroups`. */
export function readTargetGroup(cursor: Cursor): TargetGroup {
  const balancers = cursor.at('LoadBalancerArns');
  return {
    loadBalancerArns: balancers.isAbsent ? [] : balancers.elements().map((each) => each.asText() ?? ''),
    arn: cursor.requiredText('TargetGroupArn'),
    name: cursor.text('TargetGroupName'),
    protocol: cursor.text('Protocol'),
    port: cursor.integer('Port', 0, 65_535, 'a port from 0 to 65535'),
    targetType: cursor.text('TargetType'),
    preservesClient: null,
    targets: null,
  };
}

/** What a document that tells one thing of a group leaves open. */
const UNTOLD = {
  name: null,
  protocol: null,
  port: null,
  targetType: null,
  loadBalancerArns: [],
  preservesClient: null,
  targets: null,
} as const;

/** `describe-target-group-attributes` with the ARN of its target group beside it. */
export function readTargetGroupAttributes(cursor: Cursor): TargetGroup {
  const told = cursor.objects('Attributes').find((each) => each.text('Key') === 'preserve_client_ip.enabled');
  const value = told?.text('Value') ?? null;
  if (told !== undefined && value !== null && value !== 'true' && value !== 'false')
    told.at('Value').fail('true or false');
  return {
    ...UNTOLD,
    arn: cursor.requiredText('TargetGroupArn'),
    preservesClient: value === null ? null : value === 'true',
  };
}

/** A page of `describe-target-health` with the ARN of its target group beside it. */
export function readTargetHealth(cursor: Cursor): TargetGroup {
  const targets = cursor.objects('TargetHealthDescriptions').flatMap((description): Target[] => {
    const target = description.object('Target');
    if (target === null) return [];
    return [
      {
        id: target.requiredText('Id'),
        port: target.integer('Port', 0, 65_535, 'a port from 0 to 65535'),
        health: description.object('TargetHealth')?.text('State') ?? null,
      },
    ];
  });
  return { ...UNTOLD, arn: cursor.requiredText('TargetGroupArn'), targets };
}

/** A group and the pages of its targets are one group. */
export function joinTargetGroups(parts: readonly TargetGroup[]): TargetGroup[] {
  const byArn = new Map<string, TargetGroup>();
  for (const part of parts) {
    const before = byArn.get(part.arn);
    byArn.set(part.arn, {
      arn: part.arn,
      name: before?.name ?? part.name,
      protocol: before?.protocol ?? part.protocol,
      port: before?.port ?? part.port,
      targetType: before?.targetType ?? part.targetType,
      preservesClient: before?.preservesClient ?? part.preservesClient,
      loadBalancerArns: [...(before?.loadBalancerArns ?? []), ...part.loadBalancerArns],
      targets: before?.targets == null ? part.targets : [...before.targets, ...(part.targets ?? [])],
    });
  }
  return [...byArn.values()];
}
