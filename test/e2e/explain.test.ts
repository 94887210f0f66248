import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inventoryFolder } from '../conformance/case.ts';
import { runCli, startCli } from '../support/cli.ts';

const INVENTORY = ['--inventory', inventoryFolder('aws-fixture')];

function flows(text: string, ...more: string[]): ReturnType<typeof runCli> {
  return runCli(['explain', ...INVENTORY, '--flows', '-', ...more], { stdin: Buffer.from(text) });
}

test('inside a subnet without a local route the way is drawn as local', async () => {
  const ends = ['--from', '10.9.1.10', '--to', '10.9.1.99', '--protocol', 'tcp', '--port', '443'];
  const { code, stdout } = await runCli(['explain', '--inventory', inventoryFolder('odd-rules'), ...ends]);
  expect(code).toBe(0);
  expect(stdout).toContain('[eni-bare: route local]');
  expect(stdout).toContain('    route           not asked (inside one subnet)');
});

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
      'src,dst,at\n1.2.3.4,10.0.3.5,2026-02-30T00:00:00Z\n',
      "stdin:2: at: expected epoch seconds or an RFC 3339 instant with a zone, got '2026-02-30T00:00:00Z'",
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

test('a pod that has finished: exit 2 on the command line, 3 in a file, with when it was there', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'flowtrie-ended-'));
  const pod = {
    kind: 'Pod',
    metadata: { namespace: 'batch', name: 'j-1', uid: 'u1', creationTimestamp: '2026-01-15T10:00:20Z' },
    spec: {},
    status: {
      phase: 'Succeeded',
      startTime: '2026-01-15T10:00:20Z',
      podIP: '10.0.3.5',
      podIPs: [{ ip: '10.0.3.5' }],
      containerStatuses: [{ name: 'c', state: { terminated: { finishedAt: '2026-01-15T10:01:40Z' } } }],
    },
  };
  const Vpcs = [{ VpcId: 'vpc-a', CidrBlock: '10.0.0.0/16' }];
  writeFileSync(join(dir, 'pods.json'), JSON.stringify({ Vpcs, kind: 'List', items: [pod] }));
  const held = 'it held 10.0.3.5 from 2026-01-15T10:00:20Z until 2026-01-15T10:01:40Z';
  const ends = ['--from', 'batch/j-1', '--to', '10.0.9.5', '--protocol', 'tcp', '--port', '5432'];
  expect(await runCli(['explain', '--inventory', dir, ...ends])).toEqual({
    code: 2,
    stdout: '',
    stderr: `flowtrie: explain: pod 'batch/j-1' has ended: ${held}; --at asks about an earlier time\n`,
  });
  const stdin = Buffer.from('src,dst,at\nbatch/j-1,10.0.9.5,2026-01-15T10:05:00Z\n');
  expect(await runCli(['explain', '--inventory', dir, '--flows', '-'], { stdin })).toEqual({
    code: 3,
    stdout: '',
    stderr: `flowtrie: stdin:2: pod 'batch/j-1' has no address at 2026-01-15T10:05:00Z: ${held}\n`,
  });
  const earlier = await runCli(['explain', '--inventory', dir, ...ends, '--at', '2026-01-15T10:01:00Z']);
  expect(earlier).toMatchObject({ code: 0, stdout: expect.stringContaining('from pod batch/j-1 (10.0.3.5)') });
  rmSync(dir, { recursive: true });
});

test('ends of two families: exit 2 on the command line, 3 in a file; a name has the one that fits', async () => {
  const six = ['--to', '2001:db8:a:1::10', '--protocol', 'tcp', '--port', '443'];
  const families = "'10.0.3.5' is IPv4,";
  expect(await runCli(['explain', ...INVENTORY, '--from', '10.0.3.5', ...six])).toEqual({
    code: 2,
    stdout: '',
    stderr: `flowtrie: explain: --from ${families} --to '2001:db8:a:1::10' is IPv6: no packet has addresses of both\n`,
  });
  const { code, stdout, stderr } = await flows('src,dst\n10.0.3.5,10.0.1.11\n10.0.3.5,2001:db8:a:1::10\n', '--json');
  expect({ code, rows: stdout.split('\n').length - 1, stderr }).toEqual({
    code: 3,
    rows: 1,
    stderr: `flowtrie: stdin:3: src ${families} dst '2001:db8:a:1::10' is IPv6: no packet has addresses of both\n`,
  });
  const named = await runCli([
    'explain',
    ...INVENTORY,
    '--from',
    '2001:db8:ffff::1',
    '--to',
    'eni-node3',
    ...six.slice(2),
  ]);
  expect(named).toMatchObject({ code: 0, stdout: expect.stringContaining('to eni-node3 (2001:db8:a:2::10)') });
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
      forwards: { port: number; outcome: string; forwards: { pod: string; port: number; same_node: boolean }[] }[];
    };
    expect({ code, outcome }).toEqual({ code: 0, outcome: 'delivered' });
    expect(new Set(forwards.map((each) => each.port))).toEqual(new Set([targetPort]));
    for (const each of forwards) {
      expect(each).toMatchObject({ verdict: 'allow', reply: { verdict: 'allow' } });
      if (word === 'net') {
        expect(each).toMatchObject({ outcome: 'delivered', pod: expect.stringMatching(/^edge\/ingress-gateway-/) });
      } else {
        expect(each).toMatchObject({ node_port: { service: 'edge/console', external_traffic_policy: 'Local' } });
      }
    }
    if (word === 'net') return;
    // externalTrafficPolicy Local: only the node with the Service's one pod takes it
    const [taken, ...more] = forwards.filter((each) => each.outcome === 'delivered');
    expect(more).toEqual([]);
    expect(taken?.forwards).toMatchObject([
      { pod: expect.stringMatching(/^edge\/console-/), port: 8088, same_node: true },
    ]);
    expect(forwards.filter((each) => each.outcome === 'unreachable')).toHaveLength(forwards.length - 1);
  });
});

describe('a NodePort', () => {
  const client = ['--inventory', inventoryFolder('node-ports'), '--from', '10.20.0.10'];
  const toNode = async (node: string, port: number, protocol = 'tcp'): Promise<string> => {
    const ends = ['--to', node, '--protocol', protocol, '--port', String(port)];
    const { code, stdout, stderr } = await runCli(['explain', ...client, ...ends]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  /** Verdict and NodePort. */
  const head = (text: string): string[] => text.split('\n').slice(2, 4);
  const forwards = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('Forwards to '));

  test('Cluster: a pod of this node and one of another, named targetPorts', async () => {
    const text = await toNode('10.20.1.10', 30_080);
    expect(head(text)).toEqual([
      'ALLOW, decided by c9; delivered',
      'NodePort of shop/web (externalTrafficPolicy Cluster): kube-proxy picks one of 2 endpoints',
    ]);
    expect(text.slice(text.indexOf('\nForwards to ')).split('\n')).toEqual([
      '',
      'Forwards to pod shop/web-1 10.20.1.11:8080 (ready), seen from 10.20.1.10: ALLOW; delivered: inside the ' +
        'node: no interface is crossed, no flow log shows it',
      '',
      'Forwards to pod shop/web-2 10.20.2.11:8081 (ready): ALLOW, decided by n9; delivered',
      '  [eni-n1, seen from 10.20.1.10] --> [sg-node n9] --> [acl-main 100] --> [rtb-main 10.20.0.0/16 local]',
      '    --> [acl-b 100] --> [sg-node n3] --> [pod shop/web-2 10.20.2.11:8081]',
      '  Reply: ALLOW, decided by n3; delivered',
      '',
    ]);
  });

  test("denied by the pod's security group, since the node is the source", async () => {
    const text = await toNode('10.20.1.10', 30_443);
    expect(head(text)[0]).toBe('ALLOW, decided by c9; denied: at its one endpoint: implicit-deny at eni-branch');
    expect(text).toContain('--> [eni-n1] --> ✗[at its one endpoint: implicit-deny at eni-branch]');
    expect(forwards(text)).toEqual([
      'Forwards to pod pay/ledger-0 10.20.2.50:8443 (ready): DENY: blocked at ingress of eni-branch by security ' +
        'group (implicit-deny); denied',
    ]);
  });

  test('Local, with an endpoint on the node and without', async () => {
    const here = await toNode('10.20.1.10', 31_443);
    expect(forwards(here)).toEqual([
      'Forwards to pod edge/gateway-1 10.20.1.12:8443 (ready), seen from 10.20.0.10: ALLOW; delivered: inside the ' +
        'node: no interface is crossed, no flow log shows it',
    ]);
    const nowhere = await toNode('10.20.2.30', 31_443);
    expect(head(nowhere)).toEqual([
      'ALLOW, decided by c9; unreachable: no endpoint of edge/gateway is on node n3: kube-proxy drops it ' +
        '(externalTrafficPolicy Local)',
      'NodePort of edge/gateway (externalTrafficPolicy Local)',
    ]);
    expect(nowhere).toContain('Reply: ALLOW, decided by n1; unreachable: the request does not arrive');
    expect(forwards(nowhere)).toEqual([]);
  });

  test('UDP, a Service without endpoints, one of which nothing tells who answers', async () => {
    expect(forwards(await toNode('10.20.1.10', 30_053, 'udp'))).toEqual([
      'Forwards to pod dns/resolver-1 10.20.2.13:5353 (ready): ALLOW, decided by n9; delivered',
    ]);
    expect(head(await toNode('10.20.1.10', 30_099))[0]).toBe(
      'ALLOW, decided by c9; unreachable: no endpoint of shop/empty is ready: kube-proxy refuses it',
    );
    expect(head(await toNode('10.20.1.10', 30_098))[0]).toBe(
      'ALLOW, decided by c9; unknown: who answers for shop/lost is not known: no EndpointSlice of it, nor a pod that ' +
        'its selector picks',
    );
  });

  test('docs/explain.md shows what is printed', async () => {
    const page = readFileSync(new URL('../../docs/explain.md', import.meta.url), 'utf8');
    expect(page).toContain(`--port 30091\n${await toNode('10.20.1.10', 30_091)}\`\`\``);
  });

  test('behind a load balancer, in JSON and in a line for each endpoint', async () => {
    const ends = ['--to', '10.20.0.50', '--protocol', 'tcp', '--port', '443'];
    const { stdout } = await runCli(['explain', ...client, ...ends, '--json']);
    const { forwards: nodes } = JSON.parse(stdout) as { forwards: unknown[] };
    expect(nodes).toMatchObject([
      { target: 'i-1', outcome: 'delivered', forwards: [{ pod: 'edge/gateway-1', health: 'ready', same_node: true }] },
      { target: 'i-2', outcome: 'delivered', forwards: [{ pod: 'edge/gateway-2', health: 'terminating' }] },
      { target: 'i-3', health: 'unhealthy', outcome: 'unreachable', forwards: [] },
    ]);
    const { stdout: text } = await runCli(['explain', ...client, ...ends]);
    const endpoint = 'pod edge/gateway-1 10.20.1.12:8443 (ready), seen from 10.20.0.10';
    expect(text).toContain(`  Then to ${endpoint}: ALLOW; delivered`);
  });
});
