import { parseAddress } from '../model/ip.ts';
import type { Cursor } from './cursor.ts';
import { parseInstant } from './instant.ts';
import type { DescribedPod } from './pods.ts';

const CHECKPOINT = 'vpc-cni-ipam/';
const NANOSECONDS = 1e9;

/** True for what the VPC CNI's ipamd writes: its checkpoint, or its introspection `/v1/enis` in any of three shapes. */
export function isIpamdDocument(cursor: Cursor): boolean {
  const version = cursor.at('version').value;
  if (typeof version === 'string' && version.startsWith(CHECKPOINT)) return true;
  return stores(cursor).length > 0;
}

/**
 * Interfaces by network card (`{"0": {"ENIs": …}}`), or at the top before multi-NIC, or `ENIIPPools` in old versions
 * (amazon-vpc-cni-k8s, docs of introspection).
 */
function stores(cursor: Cursor): Cursor[] {
  const at = (holder: Cursor): Cursor[] =>
    ['ENIs', 'ENIIPPools'].map((key) => holder.at(key)).filter((store) => isObject(store));
  const cards = cursor.keys().filter((key) => /^\d+$/.test(key));
  return [...at(cursor), ...cards.flatMap((card) => at(cursor.at(card)))];
}

function isObject({ value }: Cursor): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The addresses that are assigned now, since when: `end` is never known. */
export function readIpamd(cursor: Cursor): DescribedPod[] {
  const checkpoint = cursor.objects('allocations').flatMap((entry) => {
    const metadata = entry.object('metadata');
    const assigned = secondsOf(entry.at('allocationTimestamp'));
    return ['ipv4', 'ipv6'].flatMap((key) => podAt(entry.text(key), metadata, assigned, entry.at(key)));
  });
  const listed = stores(cursor).flatMap((store) => store.keys().flatMap((eni) => addressesOf(store.at(eni))));
  return [...checkpoint, ...listed];
}

/** One interface: `…Cidrs` hold addresses below each CIDR; old versions list them at once. */
function addressesOf(eni: Cursor): DescribedPod[] {
  const pools = ['AvailableIPv4Cidrs', 'IPv6Cidrs'].flatMap((key) => {
    const cidrs = eni.object(key);
    return cidrs === null ? [] : cidrs.keys().flatMap((cidr) => cidrs.at(cidr).object('IPAddresses') ?? []);
  });
  const old = eni.object('IPv4Addresses');
  return [...pools, ...(old === null ? [] : [old])].flatMap((addresses) =>
    addresses.keys().flatMap((text) => {
      const entry = addresses.at(text);
      // since v1.23 the key of an assigned address is blanked: the pod's name tells that it is assigned
      const assigned = secondsOf(entry.at('AssignedTime'));
      return podAt(entry.text('Address') ?? text, entry.object('IPAMMetadata'), assigned, entry);
    }),
  );
}

function podAt(text: string | null, metadata: Cursor | null, assigned: number | null, at: Cursor): DescribedPod[] {
  const name = metadata?.text('k8sPodName') ?? null;
  if (text === null || name === null) return [];
  const address = parseAddress(text) ?? at.fail('an IPv4 or IPv6 address');
  const start = assigned ?? Number.NEGATIVE_INFINITY;
  const forever = Number.POSITIVE_INFINITY;
  return [
    {
      source: 'ipamd',
      namespace: metadata?.text('k8sPodNamespace') ?? 'default',
      name,
      ...{ uid: null, labels: NO_LABELS, controller: null, workload: null, nodeName: null, hostAddress: null },
      ...{ eniId: null, serviceAccount: null, ports: [] },
      // hostNetwork pods are none of ipamd's business
      hostNetwork: false,
      spans: [{ address, softStart: start, start, end: forever, softEnd: forever }],
    },
  ];
}

/** Nanoseconds since 1970 exceed 2^53, but a double still tells their microseconds; or RFC 3339. */
function secondsOf(cursor: Cursor): number | null {
  const { value } = cursor;
  if (cursor.isAbsent || value === 0) return null;
  if (typeof value === 'number') return Math.floor(value / NANOSECONDS);
  const text = cursor.asText() ?? '';
  if (/^\d{16,20}$/.test(text)) return Math.floor(Number(text) / NANOSECONDS);
  // Go prints a time that is not set as year 1; an offset other than UTC is read as it is
  const seconds = parseInstant(text) ?? Date.parse(text) / 1000;
  if (Number.isNaN(seconds)) return cursor.fail('nanoseconds since 1970 or an RFC 3339 time');
  return seconds > 0 ? Math.floor(seconds) : null;
}

const NO_LABELS: ReadonlyMap<string, string> = new Map();
