import type { Cursor } from './cursor.ts';
import type { InternetGateway, NatGateway, PublicAccess, PublicAccessExclusion } from './gateway.ts';
import type { Warn } from './warnings.ts';

/** An element of `InternetGateways`. */
export function readInternetGateway(cursor: Cursor): InternetGateway {
  const attached = cursor.objects('Attachments').filter((at) => !ENDED.has(at.text('State') ?? ''));
  return {
    id: cursor.requiredText('InternetGatewayId'),
    vpcIds: attached.flatMap((at) => at.text('VpcId') ?? []),
  };
}

const ENDED = new Set(['detached', 'detaching']);

/** An element of `NatGateways`. */
export function readNatGateway(cursor: Cursor): NatGateway {
  return {
    id: cursor.requiredText('NatGatewayId'),
    vpcId: cursor.text('VpcId'),
    subnetId: cursor.text('SubnetId'),
    state: cursor.text('State'),
    connectivity: cursor.text('ConnectivityType'),
    addresses: cursor.objects('NatGatewayAddresses').map((address) => ({
      interfaceId: address.text('NetworkInterfaceId'),
      privateAddress: address.address('PrivateIp'),
      publicAddress: address.address('PublicIp'),
    })),
  };
}

/** `VpcBlockPublicAccessOptions`: one object, no list. */
export function readPublicAccess(cursor: Cursor, warn: Warn): PublicAccess[] {
  const mode = cursor.text('InternetGatewayBlockMode');
  if (mode === 'off' || mode === 'block-bidirectional' || mode === 'block-ingress') return [{ mode }];
  if (mode !== null) {
    warn(cursor.at('InternetGatewayBlockMode'), `block mode ${mode} is not known: what it blocks is unknown`);
  }
  return [];
}

/** States of an exclusion that no longer holds. */
const DELETED = new Set(['delete-in-progress', 'delete-complete', 'create-failed', 'disable-complete']);

/** An element of `VpcBlockPublicAccessExclusions`. */
export function readPublicAccessExclusion(cursor: Cursor, warn: Warn): PublicAccessExclusion[] {
  if (DELETED.has(cursor.text('State') ?? '')) return [];
  const mode = cursor.requiredText('InternetGatewayExclusionMode');
  const arn = cursor.requiredText('ResourceArn');
  if (mode !== 'allow-bidirectional' && mode !== 'allow-egress') {
    warn(cursor.at('InternetGatewayExclusionMode'), `exclusion mode ${mode} is not known: the exclusion is not used`);
    return [];
  }
  return [{ resourceId: arn.slice(arn.lastIndexOf('/') + 1), mode }];
}
