import { describe, expect, it } from 'vitest';
import { formatAddress } from '../../../src/model/ip.ts';
import { load, only } from './loading.ts';

const PORTS = { ports: [{ name: 'http', port: 80, nodePort: 30_080 }] };

function service(spec: object, name = 'web'): object {
  return { kind: 'Service', metadata: { namespace: 'shop', name }, spec };
}

function slice(name: string, more: object): object {
  const labels = { 'kubernetes.io/service-name': 'web' };
  const metadata = { namespace: 'shop', name, labels };
  return { kind: 'EndpointSlice', metadata, addressType: 'IPv4', ports: [{ name: 'http', port: 8080 }], ...more };
}

describe('Service', () => {
  it('says its NodePorts by name, its policy (Cluster where absent) and its health check', () => {
    const ports = [
      { name: 'http', port: 80, nodePort: 30_080 },
      { port: 53, protocol: 'UDP', nodePort: 30_080 },
      { port: 9, protocol: 'UDP' },
    ];
    const local = { externalTrafficPolicy: 'Local', healthCheckNodePort: 32_000 };
    const { services } = only(load(service({ ports }), service({ ...local, ports: [] }, 'z')));
    expect(services).toMatchObject([
      {
        externalTrafficPolicy: 'Cluster',
        healthCheckNodePort: null,
        endpoints: null,
        nodePorts: [
          { protocol: 6, port: 30_080, name: 'http' },
          { protocol: 17, port: 30_080, name: '' },
        ],
      },
      { externalTrafficPolicy: 'Local', healthCheckNodePort: 32_000, nodePorts: [] },
    ]);
    expect(() => load(service({ externalTrafficPolicy: 'Global' }))).toThrow(
      '0.json: spec.externalTrafficPolicy: got "Global", expected Cluster or Local',
    );
  });
});

describe('EndpointSlice', () => {
  const endpointsOf = (...slices: readonly object[]): unknown[] => {
    const [web] = only(load(service(PORTS), ...slices)).services;
    return (web?.endpoints ?? []).map(({ address, pod, nodeName, state }) => [
      formatAddress(address),
      pod,
      nodeName,
      state,
    ]);
  };

  it('lists the first address of each endpoint, its pod, node and state, in the order of addresses', () => {
    const named = { targetRef: { kind: 'Pod', name: 'web-1' }, nodeName: 'n1' };
    const endpoints = [
      { addresses: ['10.0.2.5', '10.0.2.6'], ...named },
      { addresses: ['10.0.1.9'], conditions: { ready: false } },
      { addresses: ['10.0.1.8'], conditions: { ready: false, terminating: true }, targetRef: { kind: 'Node' } },
      { addresses: ['10.0.1.7'], conditions: { ready: false, terminating: true, serving: false } },
      { addresses: ['10.0.1.6'], conditions: { ready: null } },
    ];
    expect(endpointsOf(slice('a', { endpoints }))).toEqual([
      ['10.0.1.6', null, null, 'ready'],
      ['10.0.1.7', null, null, 'unready'],
      ['10.0.1.8', null, null, 'terminating'],
      ['10.0.1.9', null, null, 'unready'],
      ['10.0.2.5', 'shop/web-1', 'n1', 'ready'],
    ]);
  });

  it('a Service with an empty slice has no endpoints; without any it is not known', () => {
    const told = (...documents: readonly object[]): unknown => only(load(...documents)).services[0]?.endpoints;
    expect(told(service(PORTS), slice('a', { endpoints: [] }))).toEqual([]);
    expect(told(service(PORTS), slice('a', { endpoints: null }))).toEqual([]);
    expect(told(service(PORTS))).toBe(null);
    // a ClusterIP is no port of a node
    expect(told(service({ ports: [{ port: 80 }] }), slice('a', { endpoints: [] }))).toBe(null);
  });

  it('names of hosts are no addresses, and of two descriptions the first counts', () => {
    const first = slice('a', { endpoints: [{ addresses: ['10.0.1.6'] }] });
    const second = slice('a', { endpoints: [{ addresses: ['10.0.1.7'] }] });
    const names = slice('b', { addressType: 'FQDN', endpoints: [{ addresses: ['db.example'] }] });
    expect(endpointsOf(first, second, names)).toEqual([['10.0.1.6', null, null, 'ready']]);
  });

  it('zones of hints are those of nodes, by id where any document prints both', () => {
    const labels = { 'topology.kubernetes.io/zone': 'us-east-1a', 'topology.k8s.aws/zone-id': 'use1-az4' };
    const node = { kind: 'Node', metadata: { name: 'n1', labels }, spec: {} };
    const hints = { forZones: [{ name: 'us-east-1a' }], forNodes: [{ name: 'n1' }] };
    const inventory = only(load(service(PORTS), node, slice('a', { endpoints: [{ addresses: ['10.0.1.6'], hints }] })));
    const [endpoint] = inventory.services[0]?.endpoints ?? [];
    expect(endpoint).toMatchObject({ hintZones: [inventory.nodes[0]?.zone], hintNodes: ['n1'] });
    expect(inventory.nodes[0]?.zone).toBe('use1-az4');
  });
});
