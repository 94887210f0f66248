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

interface Cluster {
  fetchTopicsOffset(topics: readonly object[]): Promise<unknown>;
}

/** A cluster of which broker 1 leads `flow`, and broker 2 once metadata are asked for again. */
function movedCluster(type: string): { readonly cluster: Cluster; readonly asked: string[] } {
  const Cluster = load('kafkajs/src/cluster') as { readonly prototype: Cluster };
  const asked: string[] = [];
  let leader = '1';
  const listOffsets = async (): Promise<object> => {
    if (leader === '1') throw Object.assign(new Error('moved'), { type });
    return { responses: [{ topic: 'flow', partitions: [{ partition: 0, errorCode: 0, offset: '7' }] }] };
  };
  const cluster = Object.assign(Object.create(Cluster.prototype) as Cluster, {
    findLeaderForPartitions: () => ({ [leader]: [0] }),
    findBroker: async ({ nodeId }: { readonly nodeId: string }) => {
      asked.push(nodeId);
      return { listOffsets };
    },
    refreshMetadata: async () => {
      leader = '2';
    },
  });
  return { cluster, asked };
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

  it('ask the broker that leads now where a topic ends', async () => {
    patchKafkajs();
    const topics = [{ topic: 'flow', fromBeginning: false, partitions: [{ partition: 0 }] }];
    const { cluster, asked } = movedCluster('NOT_LEADER_FOR_PARTITION');
    expect(await cluster.fetchTopicsOffset(topics)).toEqual([
      { topic: 'flow', partitions: [{ partition: 0, offset: '7' }] },
    ]);
    expect(asked).toEqual(['1', '2']);
    const refused = movedCluster('TOPIC_AUTHORIZATION_FAILED');
    await expect(refused.cluster.fetchTopicsOffset(topics)).rejects.toThrow('moved');
    expect(refused.asked).toEqual(['1']);
  });
});
