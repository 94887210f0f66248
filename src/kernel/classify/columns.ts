/** What `classify/kernel-batch.ts` lays out, word by word in this order: byte addresses of columns, and bits. */

/** One end of every row: the same code serves sources and destinations. */
@unmanaged
export class Side {
  /** srcaddr or dstaddr, pkt-srcaddr or pkt-dstaddr: present bits, IPv4 columns, and where IPv6 words stand in v6. */
  recordBit: u32;
  packetBit: u32;
  recordV6Bit: u32;
  packetV6Bit: u32;
  record4: usize;
  packet4: usize;
  recordWord: u32;
  packetWord: u32;
  portBit: u32;
  port: usize;
  serviceBit: u32;
  hiddenBit: u32;
  address4: usize;
  address6: usize;
  addressClass: usize;
  entry: usize;
  effective: usize;
  kind: usize;
  owner: usize;
  attribution: usize;
  service: usize;
}

@unmanaged
export class Batch {
  srcSide: usize;
  dstSide: usize;
  present: usize;
  v6: usize;
  protocol: usize;
  packets: usize;
  bytes: usize;
  start: usize;
  end: usize;
  action: usize;
  tcpFlags: usize;
  flowDirection: usize;
  rejectReason: usize;
  version: usize;
  direction: usize;
  role: usize;
  roleBasis: usize;
  pairedAddress: usize;
  sgVerdict: usize;
  naclVerdict: usize;
  policyVerdict: usize;
  sgRule: usize;
  naclRule: usize;
  routeKind: usize;
  route: usize;
  predicted: usize;
  decidedBy: usize;
  drift: usize;
  driftCause: usize;
  path: usize;
  eni: usize;
  sgCell: usize;
  naclCell: usize;
  hidden: usize;
  twinCount: usize;
  twinAddress: usize;
  pairRoles: usize;
  behind: usize;
  roleSplit: usize;
  /** Rows in the order of groupRows, and what it works with. */
  order: usize;
  orderKey: usize;
  bins: usize;
  /** Rows that listStrays found. */
  listed: usize;

  @inline
  get src(): Side {
    return changetype<Side>(this.srcSide);
  }

  @inline
  get dst(): Side {
    return changetype<Side>(this.dstSide);
  }
}

/** Flows of rows, as many as the twin table takes at once, and what it found. */
@unmanaged
export class Stretch {
  /** FlowWord of pods/twin-flow.ts. */
  flows: usize;
  /** The row of each. */
  rows: usize;
  matches: usize;
  count: u32;
}
