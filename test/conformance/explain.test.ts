import { beforeAll, describe, expect, it } from 'vitest';
import { type CompiledVersion, compileInventory } from '../../src/engine/versions.ts';
import { type Endpoint, findEndpoint } from '../../src/explain/endpoint.ts';
import { explain } from '../../src/explain/explain.ts';
import type { ExplainStep, Explanation } from '../../src/explain/explanation.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { type CaseColumns, type ConformanceCase, inventoryFolder, isOneVersion, readCases } from './case.ts';

const versions = new Map<string, CompiledVersion>();

/** Cases whose role is the packet's own, or found from the record: explain has to be told one. */
const cases = readCases().filter((one) => isOneVersion(one) && roleOf(one) !== null && one.expect !== null);

function roleOf(one: ConformanceCase): 'request' | 'reply' | null {
  const told = one.role ?? one.expect?.role ?? null;
  return told === 'request' || told === 'reply' ? told : null;
}

beforeAll(async () => {
  for (const { inventory } of cases) {
    if (versions.has(inventory)) continue;
    const [version] = compileInventory(await loadInventory(inventoryFolder(inventory))).versions;
    if (version !== undefined) versions.set(inventory, version);
  }
});

/** A packet with a public source comes as it is: explain would take a known one for its interface. */
function endOf(version: CompiledVersion, address: string, isSource: boolean): Endpoint {
  const found = findEndpoint(version.inventory, address, null);
  if (found === undefined) throw new Error(`no end ${address}`);
  if (!isSource || found.publicAddress === null) return found;
  return { address: found.publicAddress, publicAddress: null, eni: -1, pod: null };
}

/** The case's own interface sends the packet, also from an address that no document gives it (C53). */
function senderOf(version: CompiledVersion, one: ConformanceCase, address: string): Endpoint {
  const end = endOf(version, address, true);
  if (end.eni >= 0 || one.at.direction !== 'egress') return end;
  return { ...end, eni: version.inventory.networkInterfaces.findIndex(({ id }) => id === one.at.eni) };
}

function explained(version: CompiledVersion, one: ConformanceCase, role: 'request' | 'reply'): Explanation {
  const { packet } = one;
  const isRequest = role === 'request';
  const type = packet.icmp_type ?? null;
  return explain(
    { inventory: version.inventory, view: version.view, catalog: version.catalog },
    {
      id: one.id,
      from: isRequest ? senderOf(version, one, packet.src_addr) : endOf(version, packet.dst_addr, true),
      to: endOf(version, isRequest ? packet.dst_addr : packet.src_addr, false),
      protocol: packet.protocol,
      srcPort: isRequest ? packet.src_port : packet.dst_port,
      dstPort: isRequest ? packet.dst_port : packet.src_port,
      // the echo that an echo reply answers
      icmp: { type: !isRequest && type === 0 ? 8 : type, code: packet.icmp_code ?? null },
    },
  );
}

/** The columns of the case from the steps at its interface; of a reply the group is asked as it was for the request. */
function columnsOf(
  { steps, way_back: back }: Explanation,
  { at }: ConformanceCase,
  role: 'request' | 'reply',
): CaseColumns {
  const own = role === 'request' ? steps : back.steps;
  const find = (layer: string, direction: string): ExplainStep | undefined =>
    own.find((step) => step.layer === layer && step.at === at.eni && step.direction === direction);
  const opposite = at.direction === 'egress' ? 'ingress' : 'egress';
  const sg = find('sg', role === 'request' ? at.direction : opposite);
  const nacl = find('nacl', at.direction);
  const route = at.direction === 'egress' ? find('route', 'egress') : undefined;
  return {
    sg_verdict: sg?.verdict ?? null,
    sg_rule: sg?.rule ?? null,
    nacl_verdict: nacl?.verdict ?? null,
    nacl_rule: nacl?.rule ?? null,
    route_kind: route?.kind ?? null,
    route_target: route?.target ?? null,
    route_prefix: route?.prefix ?? null,
  };
}

describe('explain agrees with the table of cases', () => {
  it.each(cases)('$id at $at.eni $at.direction', (one) => {
    const version = versions.get(one.inventory);
    const role = roleOf(one);
    if (version === undefined || role === null || one.expect === null) throw new Error(`no inventory ${one.inventory}`);
    const got = columnsOf(explained(version, one, role), one, role);
    // a gateway without groups has no such layer, and its step is no step
    const wanted = Object.fromEntries(Object.keys(got).map((name) => [name, one.expect?.[name] ?? null]));
    if (wanted.sg_verdict === 'none') wanted.sg_verdict = got.sg_verdict ?? null;
    expect(got).toEqual(wanted);
  });

  it('asks nearly all of the table', () => {
    expect(cases.filter(({ id }) => id.startsWith('C')).length).toBeGreaterThanOrEqual(62);
  });
});
