import {
  FLOW_ENI,
  FLOW_LOCAL_PORT,
  FLOW_PROTOCOL,
  FLOW_REMOTE,
  FLOW_REMOTE_ENI,
  FLOW_REMOTE_PORT,
  NO_ENI,
} from './layout';

/**
 * What of a bucket's hash does not depend on time and direction: both ends in one order for both ends' records, ports
 * and protocol. The flow stands at `flow`.
 */
@inline
export function pairHash(flow: usize): u32 {
  const eni = load<u32>(flow + FLOW_ENI);
  const other = load<u32>(flow + FLOW_REMOTE_ENI);
  const localPort = load<u32>(flow + FLOW_LOCAL_PORT);
  const remotePort = load<u32>(flow + FLOW_REMOTE_PORT);
  // NO_ENI is above every number
  const isFirst = eni <= other;
  const ports = select<u32>((localPort << 16) | remotePort, (remotePort << 16) | localPort, isFirst);
  const low = select<u32>(eni, other, isFirst);
  // an address that no interface owns stands for itself
  const owned = select<u32>(other, eni, isFirst);
  const high = select<u32>(load<u32>(flow + FLOW_REMOTE) ^ 0x5bd1_e995, owned, other == NO_ENI);
  let h = (low ^ (load<u32>(flow + FLOW_PROTOCOL) << 24)) * 0x9e37_79b1;
  h = (h ^ (h >>> 15) ^ high) * 0x85eb_ca6b;
  h = (h ^ (h >>> 13) ^ ports) * 0xc2b2_ae35;
  return h ^ (h >>> 15);
}

/** Hash of a bucket: time slot, and whether the packets left the interface, as what answers a question did not. */
@inline
export function bucketHash(pair: u32, slot: u32, egress: u32): u32 {
  const h = (pair ^ ((slot << 1) | egress)) * 0x85eb_ca6b;
  return h ^ (h >>> 16);
}
