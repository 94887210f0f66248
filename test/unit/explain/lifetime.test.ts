import { describe, expect, test } from 'vitest';
import { findEndpoint } from '../../../src/explain/endpoint.ts';
import { absenceText } from '../../../src/explain/lifetime.ts';
import type { Inventory } from '../../../src/inventory/inventory.ts';
import { formatAddress } from '../../../src/model/ip.ts';
import { compiled, network } from './asked.ts';

const at = (time: string): number => Date.parse(`2026-01-15T${time}Z`) / 1000;

/** A pod of a StatefulSet or Job; `finished`: when its container ended. */
function pod(name: string, uid: string, ip: string, started: string, finished?: string): object {
  const terminated = { terminated: { finishedAt: `2026-01-15T${finished}Z` } };
  const over = finished === undefined ? {} : { containerStatuses: [{ name: 'c', state: terminated }] };
  const startTime = `2026-01-15T${started}Z`;
  return {
    kind: 'Pod',
    metadata: { namespace: 'batch', name, uid, creationTimestamp: startTime },
    spec: {},
    status: {
      phase: finished === undefined ? 'Running' : 'Succeeded',
      podIP: ip,
      podIPs: [{ ip }],
      startTime,
      ...over,
    },
  };
}

function inventoryOf(...items: readonly object[]): Inventory {
  return compiled(network({ kind: 'List', items })).inventory;
}

/** The address that a name stands for. */
function named(inventory: Inventory, text: string, atSeconds: number | null): string | undefined {
  const address = findEndpoint(inventory, text, atSeconds)?.address ?? null;
  return address === null ? undefined : formatAddress(address);
}

// eks.md 0.4: "Phase, not object existence, ends an interval"
describe('a pod that has finished', () => {
  const inventory = inventoryOf(
    pod('j-1', 'u1', '10.0.1.10', '10:00:20', '10:01:40'),
    pod('j-2', 'u2', '10.0.1.10', '10:02:20'),
    pod('s-0', 'u3', '10.0.1.10', '09:00:00', '09:30:00'),
    pod('s-0', 'u4', '10.0.1.11', '09:31:00', '09:40:00'),
  );

  test('is no end of a flow now, though its object still names the address', () => {
    expect(named(inventory, 'batch/j-1', null)).toBe(undefined);
    expect(named(inventory, 'batch/j-1', at('10:01:00'))).toBe('10.0.1.10');
    expect(named(inventory, 'batch/j-1', at('10:01:40'))).toBe(undefined);
    expect(named(inventory, 'batch/j-2', null)).toBe('10.0.1.10');
    expect(findEndpoint(inventory, '10.0.1.10', null)?.pod?.name).toBe('j-2');
  });

  test('is told with when it was there', () => {
    const held = 'it held 10.0.1.10 from 2026-01-15T10:00:20Z until 2026-01-15T10:01:40Z';
    const now = absenceText(inventory, 'batch/j-1', null);
    expect(now).toBe(`pod 'batch/j-1' has ended: ${held}; --at asks about an earlier time`);
    const later = absenceText(inventory, 'batch/j-1', at('10:05:00'));
    expect(later).toBe(`pod 'batch/j-1' has no address at 2026-01-15T10:05:00Z: ${held}`);
    // of several lives the one before the time that is asked about, before all of them the first
    expect(absenceText(inventory, 'batch/s-0', null)).toContain('it held 10.0.1.11 from 2026-01-15T09:31:00Z');
    expect(absenceText(inventory, 'batch/s-0', at('09:30:30'))).toContain('it held 10.0.1.10');
    expect(absenceText(inventory, 'batch/s-0', at('08:00:00'))).toContain('from 2026-01-15T09:00:00Z');
    for (const nobody of ['batch/j-9', 'batch', '/j-1', '10.0.1.10']) {
      expect(absenceText(inventory, nobody, null)).toBe(undefined);
    }
  });
});

test('who is in the newest sample of kube-state-metrics has not ended, who is in an older one only has', () => {
  const series = (name: string, ip: string, times: readonly string[]): object => ({
    metric: { __name__: 'kube_pod_info', namespace: 'batch', pod: name, uid: name, pod_ip: ip, node: 'n1' },
    values: times.map((time) => [at(time), '1']),
  });
  const result = [
    series('stays', '10.0.1.20', ['10:00:00', '10:01:00', '10:02:00']),
    series('gone', '10.0.1.21', ['10:00:00', '10:01:00']),
  ];
  const { inventory } = compiled({ ...network(), data: { resultType: 'matrix', result } });
  expect(named(inventory, 'batch/stays', null)).toBe('10.0.1.20');
  expect(named(inventory, 'batch/gone', null)).toBe(undefined);
});
