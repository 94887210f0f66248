import type { Cursor } from './cursor.ts';
import type { NetworkAcl, NetworkAclEntry } from './inventory.ts';
import { readSelector } from './selector.ts';
import type { Warn } from './warnings.ts';

/** Numbers of AWS's own last entries: 32767 (IPv4) and 32768 (IPv6); both print as `*`. */
const LAST_NUMBER = 32_767;
const NUMBER_MAX = 32_768;

/** An element of `NetworkAcls`. */
export function readNetworkAcl(cursor: Cursor, warn: Warn): NetworkAcl {
  const id = cursor.requiredText('NetworkAclId');
  const seen = new Set<string>();
  const entries: NetworkAclEntry[] = [];
  for (const at of cursor.objects('Entries')) {
    const entry = readEntry(at, id, warn);
    const key = `${entry.egress} ${entry.number}`;
    if (seen.has(key)) {
      const way = entry.egress ? 'egress' : 'ingress';
      warn(at, `network ACL ${id} has a second ${way} entry ${entry.number}: the first one is used`);
      continue;
    }
    seen.add(key);
    entries.push(entry);
  }
  // stable: document order among equals
  entries.sort((a, b) => Number(a.egress) - Number(b.egress) || a.number - b.number);
  return {
    id,
    vpcId: cursor.text('VpcId'),
    isDefault: cursor.flag('IsDefault') ?? false,
    subnetIds: cursor.objects('Associations').flatMap((association) => association.text('SubnetId') ?? []),
    entries,
    origin: cursor.origin,
  };
}

function readEntry(cursor: Cursor, aclId: string, warn: Warn): NetworkAclEntry {
  const number =
    cursor.integer('RuleNumber', 1, NUMBER_MAX, 'a rule number from 1 to 32768') ??
    cursor.at('RuleNumber').fail('a rule number from 1 to 32768');
  const egress = cursor.requiredFlag('Egress');
  const action = cursor.requiredText('RuleAction');
  if (action !== 'allow' && action !== 'deny') cursor.at('RuleAction').fail("'allow' or 'deny'");
  return {
    id: `${aclId}/${egress ? 'egress' : 'ingress'}/${number >= LAST_NUMBER ? '*' : number}`,
    number,
    egress,
    allow: action === 'allow',
    selector: readSelector(
      {
        protocol: cursor.at('Protocol'),
        ports: cursor.object('PortRange'),
        portKeys: ['From', 'To'],
        icmp: cursor.object('IcmpTypeCode'),
        icmpKeys: ['Type', 'Code'],
      },
      warn,
    ),
    cidr: cursor.cidr('CidrBlock') ?? cursor.cidr('Ipv6CidrBlock') ?? cursor.at('CidrBlock').fail('a CIDR'),
    origin: cursor.origin,
  };
}
