import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inventoryFolder } from '../conformance/case.ts';
import { runCli, startCli } from '../support/cli.ts';

const INVENTORY = ['--inventory', inventoryFolder('aws-fixture')];

function flows(text: string, ...more: string[]): ReturnType<typeof runCli> {
  return runCli(['explain', ...INVENTORY, '--flows', '-', ...more], { stdin: Buffer.from(text) });
}

describe('explain --flows', () => {
  test('columns in any order, some missing, some empty: one JSON object a flow, in order', async () => {
    const text = [
      'dst,src,dst_port,protocol,id',
      '10.0.3.5,10.0.1.11,5432,tcp,a',
      '',
      '10.0.3.5,10.0.2.11,5432,6,"b,1"',
      '10.0.0.30,203.0.113.8,,47,gre',
      '8.8.8.8,10.0.1.10,,,any',
      '10.0.3.5,10.0.1.10,,0,zero',
      ',10.0.1.10,443,tcp,open',
    ].join('\r\n');
    const { code, stdout, stderr } = await flows(text, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(
      rows.map(({ id, verdict, decided_by, outcome, reply }) => [id, verdict, decided_by, outcome, reply]),
    ).toEqual([
      ['a', 'allow', 'n9', 'delivered', { verdict: 'allow', decided_by: 'd1' }],
      ['b,1', 'deny', 'acl-db/ingress/90', 'denied', { verdict: 'deny', decided_by: 'acl-db/egress/105' }],
      ['gre', 'allow', 'w3', 'delivered', { verdict: 'allow', decided_by: 'w3' }],
      ['any', 'allow', 'n9', 'left-network', { verdict: 'allow', decided_by: 'n9' }],
      ['zero', 'deny', 'acl-db/ingress/*', 'denied', { verdict: 'deny', decided_by: 'implicit-deny' }],
      ['open', 'unknown', null, 'unknown', { verdict: 'unknown', decided_by: null }],
    ]);
    for (const row of rows) {
      for (const step of row.steps as Record<string, unknown>[]) {
        expect(Object.keys(step)).toEqual(
          expect.arrayContaining(['layer', 'at', 'direction', 'verdict', 'rule', 'matched']),
        );
        if (step.layer === 'route')
          expect(Object.keys(step)).toEqual(expect.arrayContaining(['kind', 'target', 'prefix']));
      }
    }
  });

  test.each([
    [
      'src,dst,protocol\n1.2.3.4,10.0.3.5,tcpx\n',
      "stdin:2: protocol: expected tcp, udp, icmp, icmpv6 or a number from 0 to 255, got 'tcpx'",
    ],
    [
      'src,dst,dst_port\n\n1.2.3.4,10.0.3.5,70000\n',
      "stdin:3: dst_port: expected a whole number from 0 to 65535, got '70000'",
    ],
    ['src,dst\n1.2.3.4,10.0.3\n', "stdin:2: '10.0.3' is no address, interface or pod of the inventory"],
    [
      'src,dst,at\n1.2.3.4,10.0.3.5,2024-01-01\n',
      "stdin:2: at: expected epoch seconds or an RFC 3339 instant with a zone, got '2024-01-01'",
    ],
    [
      'src,dst,proto\n',
      "stdin:1: unknown column 'proto', expected id,src,dst,protocol,src_port,dst_port,icmp_type,icmp_code,at",
    ],
    ['src,dst\n1.2.3.4\n', 'stdin:2: expected 2 columns, got 1'],
    ['', 'stdin:1: expected a header of id,src,dst,protocol,src_port,dst_port,icmp_type,icmp_code,at, got nothing'],
  ])('%j is told with its place, exit 3', async (text, message) => {
    expect(await flows(text)).toEqual({ code: 3, stdout: '', stderr: `flowtrie: ${message}\n` });
  });
});

test('the text reads question, verdict, path with the blocker marked, details, reply', async () => {
  const args = ['--from', '10.0.2.11', '--to', 'eni-db', '--protocol', 'tcp', '--port', '5432'];
  const { code, stdout } = await runCli(['explain', ...INVENTORY, ...args]);
  expect(code).toBe(0);
  expect(stdout.split('\n').slice(0, 22)).toEqual([
    'tcp 5432 from eni-node3 (10.0.2.11) to eni-db (10.0.3.5)',
    '========================================================',
    'DENY: blocked at ingress of eni-db by network ACL (acl-db/ingress/90); denied',
    '',
    'Egress:  security group sg-node allows; network ACL acl-open allows',
    'Ingress: network ACL acl-db blocks; security group sg-db allows',
    '',
    'Path:',
    '  [eni-node3] --> [sg-node n9] --> [acl-open 100] --> [rtb-app2 10.0.0.0/16 local] --> ✗[acl-db 90]',
    '    ··> [sg-db d1] ··> [eni-db]',
    '',
    'Details:',
    '  eni-node3 egress',
    '    security group  allow by n9: sg-node egress allows all traffic to 0.0.0.0/0',
    '    network ACL     allow by acl-open/egress/100: acl-open egress 100 allows all traffic to 0.0.0.0/0',
    '                    also matches acl-open/egress/*',
    '    route           rtb-app2 sends 10.0.0.0/16 to local',
    '  eni-db ingress',
    '    network ACL     deny by acl-db/ingress/90: acl-db ingress 90 denies tcp 5432 from 10.0.2.0/24',
    '                    also matches acl-db/ingress/100, acl-db/ingress/110, acl-db/ingress/*',
    '    security group  allow by d1: sg-db ingress allows tcp 5432 from sg-node',
    '',
  ]);
  expect(stdout).toContain('Reply: DENY, decided by acl-db/egress/105; unreachable: the request does not arrive');
});

test('--at is for the rows that have none, and flags that a row answers are refused', async () => {
  const versions = ['--inventory', inventoryFolder('rule-removed'), '--flows', '-'];
  const text = 'src,dst,protocol,dst_port,at\n10.0.2.9,10.0.1.10,tcp,443,\n10.0.2.9,10.0.1.10,tcp,443,1768482000\n';
  const stdin = Buffer.from(text);
  const verdicts = async (...more: string[]): Promise<string[]> => {
    const { stdout } = await runCli(['explain', ...versions, '--json', ...more], { stdin });
    const lines = stdout.trim().split('\n');
    return lines.map((line) => (JSON.parse(line) as { verdict: string }).verdict);
  };
  expect(await verdicts('--at', '2026-01-15T10:30:00Z')).toEqual(['allow', 'deny']);
  expect(await verdicts('--at', '2026-01-15T12:30:00Z')).toEqual(['deny', 'deny']);
  for (const flag of ['--from', '--to', '--protocol', '--port', '--src-port']) {
    const { code, stderr } = await runCli(['explain', ...versions, flag, '6'], { stdin });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `flowtrie: explain: --flows and ${flag} exclude each other\n`,
    });
  }
  const { stdout } = await runCli(['explain', ...versions], { stdin });
  expect(stdout).toMatch(/\n\ntcp 443 from [^\n]*\n=/);
});

test('a reader that leaves early ends it quietly', async () => {
  const text = ['dst,src,dst_port,protocol', ...Array<string>(5000).fill('10.0.3.5,10.0.1.11,5432,tcp')].join('\n');
  const child = startCli(['explain', ...INVENTORY, '--flows', '-', '--json'], { stdin: Buffer.from(text) });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    stderr += part;
  });
  child.stdout?.once('data', () => child.stdout?.destroy());
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

describe('a generated cluster, from the internet to a pod', () => {
  const dir = mkdtempSync(join(tmpdir(), 'flowtrie-explain-'));
  const inventory = join(dir, 'inventory');
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  beforeAll(async () => {
    const size = ['--pods', '60', '--nodes', '6', '--records', '100'];
    expect((await runCli(['generate', '--out', dir, ...size])).code).toBe(0);
  });

  /** Public address of a load balancer's interface, or the interface where it has none. */
  function balancer(word: string): string {
    const path = join(inventory, 'describe-network-interfaces.json');
    const { NetworkInterfaces: enis } = JSON.parse(readFileSync(path, 'utf8')) as {
      NetworkInterfaces: { NetworkInterfaceId: string; Description: string; Association?: { PublicIp: string } }[];
    };
    const found = enis.find((eni) => eni.Description.startsWith(`ELB ${word}/`));
    return found?.Association?.PublicIp ?? found?.NetworkInterfaceId ?? '';
  }

  test.each([
    ['net', 443, 8080],
    ['app', 443, 32_088],
  ])('%s:%i forwards to targets at %i, and all let it in', async (word, port, targetPort) => {
    const from = word === 'net' ? '203.0.113.9' : '10.42.0.4';
    const ends = ['--from', from, '--to', balancer(word), '--protocol', 'tcp', '--port', String(port)];
    const { code, stdout } = await runCli(['explain', '--inventory', inventory, ...ends, '--json']);
    const { outcome, forwards } = JSON.parse(stdout) as {
      outcome: string;
      forwards: { port: number; verdict: string; outcome: string }[];
    };
    expect({ code, outcome }).toEqual({ code: 0, outcome: 'delivered' });
    expect(new Set(forwards.map((each) => each.port))).toEqual(new Set([targetPort]));
    for (const each of forwards) {
      expect(each).toMatchObject({ verdict: 'allow', outcome: 'delivered', reply: { verdict: 'allow' } });
      if (word === 'net') expect(each).toMatchObject({ pod: expect.stringMatching(/^edge\/ingress-gateway-/) });
      else expect(each).toMatchObject({ behind: expect.stringMatching(/^NodePort of .*\/console: answered by /) });
    }
  });
});
