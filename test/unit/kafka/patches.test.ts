import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { patchKafkajs } from '../../../src/kafka/patches.ts';

const load = createRequire(import.meta.url);

interface Queue {
  throttleCheckTimeoutId: unknown;
  pending: unknown[];
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
  destroy(): void;
}

interface Group {
  joinAndSync(): Promise<void>;
}

describe('the guards of kafkajs 2.2.4', () => {
  it('apply to the version that is installed', () => {
    expect(patchKafkajs()).toBe(true);
    // a second time changes nothing
    expect(patchKafkajs()).toBe(true);
  });

  it('keep an idle connection from waking every millisecond', () => {
    patchKafkajs();
    const RequestQueue = load('kafkajs/src/network/requestQueue') as new (options: object) => Queue;
    const queue = new RequestQueue({ maxInFlightRequests: null, requestTimeout: 1000, logger: { debug: () => {} } });
    queue.scheduleCheckPendingRequests();
    expect(queue.throttleCheckTimeoutId).toBeNull();
    queue.throttledUntil = Date.now() + 1000;
    queue.scheduleCheckPendingRequests();
    expect(queue.throttleCheckTimeoutId).not.toBeNull();
    queue.destroy();
  });

  it('let a member finish its work before it joins again', async () => {
    patchKafkajs();
    const ConsumerGroup = load('kafkajs/src/consumer/consumerGroup') as { readonly prototype: Group };
    const order: string[] = [];
    const group = Object.assign(Object.create(ConsumerGroup.prototype) as Group, {
      assigners: [{ beforeJoin: async () => void order.push('drained') }, {}],
      retrier: async () => void order.push('joined'),
    });
    await group.joinAndSync();
    expect(order).toEqual(['drained', 'joined']);
  });
});
