import type { Inventory } from '../inventory/inventory.ts';

/** What rare records ask about interfaces beside the arena, in shared memory; arrays by ENI index. */
export interface InterfaceFacts {
  /** Bits of InterfaceFact. */
  readonly flags: Uint8Array;
  /** All flags of all interfaces: what is not in here needs no look at `flags`. */
  readonly anyFlag: number;
}

export const InterfaceFact = {
  /** An interface of a transit gateway attachment stands in its subnet. */
  transitInSubnet: 1,
} as const;

export function compileFacts(inventory: Inventory): InterfaceFacts {
  const enis = inventory.networkInterfaces;
  const flags = new Uint8Array(new SharedArrayBuffer(Math.max(enis.length, 1)), 0, enis.length);
  const transitSubnets = new Set(enis.flatMap((e) => (e.kind === 'transit-gateway' ? (e.subnetId ?? []) : [])));
  enis.forEach((eni, index) => {
    if (transitSubnets.has(eni.subnetId ?? '')) flags[index] = InterfaceFact.transitInSubnet;
  });
  return { flags, anyFlag: flags.reduce((all, bits) => all | bits, 0) };
}
