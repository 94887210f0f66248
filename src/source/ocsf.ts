import { textOf } from './exact-json.ts';

/**
 * OCSF Network Activity (class 4001) as Security Lake writes it for VPC Flow Logs, back to the fields of a record.
 * Source: OCSF "AWS VPC Flow" event mapping: `ip` is the packet's address and `intermediate_ips` the logged one where
 * both differ; ids stand at the endpoint whose interface logged; `boundary_id` is traffic-path + 3.
 */
export const OCSF_CLASS = 4001;

/** Fields of an OCSF record, in the order of `ocsfValues`. */
export const OCSF_FIELDS: readonly string[] = [
  ...['version', 'account-id', 'interface-id', 'srcaddr', 'dstaddr', 'srcport', 'dstport', 'protocol', 'packets'],
  ...['bytes', 'start', 'end', 'action', 'log-status', 'vpc-id', 'subnet-id', 'instance-id', 'tcp-flags', 'type'],
  ...['pkt-srcaddr', 'pkt-dstaddr', 'region', 'az-id', 'sublocation-type', 'sublocation-id', 'pkt-src-aws-service'],
  ...['pkt-dst-aws-service', 'flow-direction', 'traffic-path', 'reject-reason'],
];

/** Every value on the way down `path` of a JSON value; undefined where it ends early. */
function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const key of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Readonly<Record<string, unknown>>)[key];
  }
  return here;
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? textOf(value) : '';
}

/** The values of OCSF_FIELDS in one event; '' = null. */
export function ocsfValues(event: unknown): string[] {
  const source = at(event, 'src_endpoint');
  const destination = at(event, 'dst_endpoint');
  const connection = at(event, 'connection_info');
  const own =
    text(at(source, 'interface_uid')) === '' || text(at(source, 'interface_uid')) === '-' ? destination : source;
  const logged = (endpoint: unknown): string => text(at(endpoint, 'intermediate_ips', '0')) || text(at(endpoint, 'ip'));
  return [
    text(at(event, 'metadata', 'product', 'version')),
    text(at(event, 'cloud', 'account', 'uid')) || text(at(event, 'cloud', 'account_uid')),
    text(at(own, 'interface_uid')),
    logged(source),
    logged(destination),
    text(at(source, 'port')),
    text(at(destination, 'port')),
    text(at(connection, 'protocol_num')),
    text(at(event, 'traffic', 'packets')),
    text(at(event, 'traffic', 'bytes')),
    instant(event, 'start_time'),
    instant(event, 'end_time'),
    action(event),
    text(at(event, 'status_code')),
    text(at(own, 'vpc_uid')),
    text(at(own, 'subnet_uid')),
    text(at(own, 'instance_uid')),
    text(at(connection, 'tcp_flags')),
    text(at(connection, 'protocol_ver')),
    text(at(source, 'ip')),
    text(at(destination, 'ip')),
    text(at(event, 'cloud', 'region')),
    text(at(event, 'cloud', 'zone')),
    unmapped(event, 'sublocation_type'),
    unmapped(event, 'sublocation_id'),
    text(at(source, 'svc_name')),
    text(at(destination, 'svc_name')),
    direction(connection),
    trafficPath(connection),
    unmapped(event, 'reject_reason'),
  ];
}

/** Milliseconds (divided where they are read), or the text of an instant, as seconds or milliseconds. */
function instant(event: unknown, key: string): string {
  const millis = at(event, key);
  if (typeof millis === 'number' || (typeof millis === 'string' && /^\d+$/.test(millis))) return String(millis);
  const stamp = at(event, `${key}_dt`) ?? (key === 'start_time' ? at(event, 'time_dt') : undefined);
  if (typeof stamp === 'number' || (typeof stamp === 'string' && /^\d+$/.test(stamp))) return String(stamp);
  const parsed =
    typeof stamp === 'string' ? Date.parse(stamp.includes('T') ? stamp : `${stamp.replace(' ', 'T')}Z`) : NaN;
  if (!Number.isNaN(parsed)) return String(Math.floor(parsed / 1000));
  return key === 'start_time' ? text(at(event, 'time')) : '';
}

function action(event: unknown): string {
  const id = Number(at(event, 'action_id') ?? at(event, 'disposition_id') ?? 0);
  const word = text(at(event, 'action')) || text(at(event, 'disposition'));
  if (id === 1 || word === 'Allowed') return 'ACCEPT';
  return id === 2 || word === 'Denied' || word === 'Blocked' ? 'REJECT' : '';
}

function direction(connection: unknown): string {
  const id = Number(at(connection, 'direction_id') ?? 0);
  const word = text(at(connection, 'direction')).toLowerCase();
  if (id === 1 || word === 'inbound' || word === 'ingress') return 'ingress';
  return id === 2 || word === 'outbound' || word === 'egress' ? 'egress' : '';
}

function trafficPath(connection: unknown): string {
  const id = Number(at(connection, 'boundary_id') ?? 0);
  return id >= 4 && id <= 11 ? String(id - 3) : '';
}

/** A value of `unmapped`: an object, or a list of key and value as Athena prints a map. */
function unmapped(event: unknown, key: string): string {
  const map = at(event, 'unmapped');
  if (!Array.isArray(map)) return text(at(map, key)) || text(at(map, key.replace('_', '-')));
  const pair: unknown = map.find((entry) => at(entry, '0') === key || at(entry, 'key') === key);
  return text(at(pair, '1')) || text(at(pair, 'value'));
}
