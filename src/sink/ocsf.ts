import type { FlowBatch } from '../model/flow.ts';
import type { VerdictBatch } from '../model/verdict.ts';
import { textCells } from './cells.ts';
import type { BatchEncoder } from './part.ts';
import { CarriedFields, type RowContext, type Side } from './rows.ts';

/** Value of a column of the current row as text; null where it is absent or no column. */
type Read = (name: string) => string | null;

/** Columns that have their own place in an event; all others with a value go to `unmapped`. */
const PLACED: ReadonlySet<string> = new Set([
  ...['version', 'account_id', 'interface_id', 'srcaddr', 'dstaddr', 'srcport', 'dstport', 'protocol', 'packets'],
  ...['bytes', 'start', 'end', 'action', 'log_status', 'vpc_id', 'subnet_id', 'instance_id', 'tcp_flags', 'type'],
  ...['pkt_srcaddr', 'pkt_dstaddr', 'region', 'az_id', 'pkt_src_aws_service', 'pkt_dst_aws_service'],
  ...['flow_direction', 'traffic_path'],
]);

const CONSTANT =
  '"activity_id":6,"activity_name":"Traffic","category_uid":4,"category_name":"Network Activity",' +
  '"class_uid":4001,"class_name":"Network Activity","type_uid":400106,"type_name":"Network Activity: Traffic",' +
  '"severity_id":1,"severity":"Informational"';
const PROFILES = '["cloud","security_control"]';

/** `boundary_id` of a traffic-path n is n + 3. */
const BOUNDARY_OFFSET = 3;

/**
 * One OCSF 1.1 event a line: Network Activity (class 4001) as Security Lake writes it for VPC Flow Logs; what flowtrie
 * adds and what OCSF has no place for stand in `unmapped`. Source: OCSF's "AWS VPC Flow" event mapping. Cold: text
 * cells, one row after the other.
 */
export function ocsfEncoder(context: RowContext): BatchEncoder {
  const carried = new CarriedFields(context);
  const cells = textCells(context, carried);
  const cellOf = new Map(context.columns.map(({ name }, i) => [name, cells[i]]));
  const others = context.columns.map(({ name }) => name).filter((name) => !PLACED.has(name));
  return {
    encode(flow: FlowBatch, verdicts: VerdictBatch) {
      carried.bind(flow);
      const lines: string[] = [];
      for (let row = 0; row < flow.rows; row++) {
        const read: Read = (name) => cellOf.get(name)?.(flow, verdicts, row) ?? null;
        lines.push(`${event(read, others)}\n`);
      }
      return [Buffer.from(lines.join(''))];
    },
  };
}

function event(read: Read, others: readonly string[]): string {
  const millis = (name: string): string | null => {
    const seconds = read(name);
    return seconds === null ? null : `${seconds}000`;
  };
  const accepted = read('action') === 'ACCEPT';
  const judged = read('action') !== null;
  const members = object([
    ['metadata', metadata(read)],
    [
      'cloud',
      object([
        ['provider', '"AWS"'],
        ['account', object([['uid', quoted(read('account_id'))]])],
        ['region', quoted(read('region'))],
        ['zone', quoted(read('az_id'))],
      ]),
    ],
    ['time', millis('start')],
    ['start_time', millis('start')],
    ['end_time', millis('end')],
    ['status_code', quoted(read('log_status'))],
    ['action_id', judged ? (accepted ? '1' : '2') : null],
    ['action', judged ? (accepted ? '"Allowed"' : '"Denied"') : null],
    ['disposition_id', judged ? (accepted ? '1' : '2') : null],
    ['disposition', judged ? (accepted ? '"Allowed"' : '"Blocked"') : null],
    ['src_endpoint', endpoint(read, 'src')],
    ['dst_endpoint', endpoint(read, 'dst')],
    ['connection_info', connection(read)],
    [
      'traffic',
      object([
        ['packets', read('packets')],
        ['bytes', read('bytes')],
      ]),
    ],
    ['unmapped', object(others.map((name) => [name, quoted(read(name))]))],
  ]);
  return `{${CONSTANT},${members.slice(1)}`;
}

function metadata(read: Read): string {
  const product = object([
    ['name', '"Amazon VPC"'],
    ['vendor_name', '"AWS"'],
    ['version', quoted(read('version'))],
    ['feature', '{"name":"Flowlogs"}'],
  ]);
  return object([
    ['product', product],
    ['profiles', PROFILES],
    ['version', '"1.1.0"'],
  ]);
}

/**
 * `ip` is the packet's address, `intermediate_ips` the logged one where both differ; ids stand at the side that logged.
 */
function endpoint(read: Read, side: Side): string {
  const logged = read(side === 'src' ? 'srcaddr' : 'dstaddr');
  const packet = read(`${side}_addr`) ?? read(side === 'src' ? 'pkt_srcaddr' : 'pkt_dstaddr') ?? logged;
  const own = (read('direction') === 'ingress') === (side === 'dst');
  const id = (name: string): string | null => (own ? quoted(read(name)) : null);
  const pod = read(`${side}_pod`);
  return object([
    ['ip', quoted(packet)],
    ['port', read(side === 'src' ? 'srcport' : 'dstport')],
    ['intermediate_ips', logged === packet || logged === null ? null : `[${JSON.stringify(logged)}]`],
    ['name', pod === null ? null : JSON.stringify(`${read(`${side}_namespace`)}/${pod}`)],
    ['svc_name', quoted(read(side === 'src' ? 'pkt_src_aws_service' : 'pkt_dst_aws_service'))],
    ['interface_uid', id('interface_id')],
    ['vpc_uid', id('vpc_id')],
    ['subnet_uid', id('subnet_id')],
    ['instance_uid', id('instance_id')],
  ]);
}

function connection(read: Read): string {
  const direction = read('flow_direction');
  const path = read('traffic_path');
  return object([
    ['protocol_num', read('protocol')],
    ['protocol_ver', quoted(read('type'))],
    ['tcp_flags', read('tcp_flags')],
    ['direction_id', direction === null ? '0' : direction === 'ingress' ? '1' : '2'],
    ['direction', direction === null ? '"Unknown"' : direction === 'ingress' ? '"Inbound"' : '"Outbound"'],
    ['boundary_id', path === null ? null : String(Number(path) + BOUNDARY_OFFSET)],
  ]);
}

function quoted(text: string | null): string | null {
  return text === null ? null : JSON.stringify(text);
}

/** An object of members that are JSON already; those that are null are left out. */
function object(members: readonly (readonly [key: string, json: string | null])[]): string {
  const present = members.filter(([, json]) => json !== null);
  return `{${present.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',')}}`;
}
