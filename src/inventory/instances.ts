import type { Address } from '../model/ip.ts';
import type { Cursor } from './cursor.ts';

/** What `Reservations` or `Instances` tell: an interface without Attachment finds its instance here. */
export interface Instance {
  readonly id: string;
  readonly vpcId: string | null;
  readonly primary: Address | null;
  readonly interfaces: readonly { readonly id: string; readonly deviceIndex: number | null }[];
  readonly tags: ReadonlyMap<string, string>;
}

/** An element of `Instances`. */
export function readInstance(cursor: Cursor): Instance {
  return {
    id: cursor.requiredText('InstanceId'),
    vpcId: cursor.text('VpcId'),
    primary: cursor.address('PrivateIpAddress'),
    interfaces: cursor.objects('NetworkInterfaces').flatMap((eni) => {
      const id = eni.text('NetworkInterfaceId');
      return id === null ? [] : { id, deviceIndex: readDeviceIndex(eni.object('Attachment')) };
    }),
    tags: cursor.tags('Tags'),
  };
}

/** Slot of an attached interface; null = not said. */
export function readDeviceIndex(attachment: Cursor | null): number | null {
  return attachment?.integer('DeviceIndex', 0, 65_535, 'a device index') ?? null;
}

/** EKS and its node groups mark their instances with these. */
export function hasClusterTag(tags: ReadonlyMap<string, string>): boolean {
  for (const key of tags.keys()) {
    if (key.startsWith('kubernetes.io/cluster/') || key === 'eks:cluster-name' || key === 'eks:nodegroup-name')
      return true;
  }
  return false;
}
