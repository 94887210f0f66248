import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeFetch, type FetchResponse } from './fetch-response.ts';
import { type Compress, type Encoded, encodeProduce, type ProduceOptions } from './produce-request.ts';

/**
 * kafkajs 2.2.4 is not maintained any more. Some of its methods are guarded or replaced here, and only in exactly that
 * version. KAFKAJS_UNPATCHED in the environment leaves it as it is.
 */
const PATCHED_VERSION = '2.2.4';

/** What an object given as a partition assigner may have besides: called before its member joins the group again. */
export interface BeforeJoin {
  beforeJoin?(): Promise<void>;
}

interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
}

interface ConsumerGroup {
  readonly assigners: readonly BeforeJoin[];
}

interface Guarded<T, N extends string, R> {
  readonly prototype: T & Record<N, (this: T) => R>;
}

interface ProduceRequest {
  readonly encode: () => Promise<Encoded>;
}

interface Encoder {
  buf: Buffer;
  readonly offset: number;
}

interface EncoderClass {
  readonly prototype: Encoder & { ensureAvailable(this: Encoder, length: number): void };
  nextPowerOfTwo(value: number): number;
}

interface Compression {
  lookupCodec(codec: number): {
    compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
    decompress(bytes: Buffer): Promise<Buffer>;
  };
}

interface FetchRequest {
  readonly response: { decode(bytes: Buffer): Promise<FetchResponse<object>> };
}

type FetchOptions = Readonly<Record<string, unknown>>;

interface Fetch {
  protocol(version: { readonly version: number }): (options: FetchOptions) => FetchRequest;
}

/** The version of fetch that brokers since 2.3 agree on with kafkajs. */
const FETCH_VERSION = 11;

/**
 * A consumer with this rack is handed record batches as they are, see RecordBatch, by brokers since 2.3; the others get
 * messages. Of all its options the rack alone reaches the request, and nothing else is done with it here.
 */
export const WHOLE_BATCHES = 'flowtrie: whole batches';

interface Broker {
  addPartitionsToTxn(request: object): Promise<unknown>;
  addOffsetsToTxn(request: object): Promise<unknown>;
}

interface Cluster {
  fetchTopicsOffset(topics: readonly object[]): Promise<unknown>;
  refreshMetadata(): Promise<void>;
}

const PATCHED = Symbol.for('flowtrie.kafkajs.patched');

/** Patches the loaded kafkajs once; false when its version is another one, or patching is switched off. */
export function patchKafkajs(): boolean {
  const load = createRequire(import.meta.url);
  const { version } = load('kafkajs/package.json') as { version: string };
  if (version !== PATCHED_VERSION || process.env.KAFKAJS_UNPATCHED !== undefined) return false;
  const queue = load('kafkajs/src/network/requestQueue') as Guarded<RequestQueue, 'scheduleCheckPendingRequests', void>;
  const group = load('kafkajs/src/consumer/consumerGroup') as Guarded<ConsumerGroup, 'joinAndSync', Promise<void>>;
  if (Object.hasOwn(queue.prototype, PATCHED)) return true;
  Object.defineProperty(queue.prototype, PATCHED, { value: true });
  sleepWhenIdle(queue);
  drainBeforeJoin(group);
  encodeOnce(load);
  fetchWhole(load);
  growWithoutZeros(load('kafkajs/src/protocol/encoder') as EncoderClass);
  waitForMarks(load('kafkajs/src/broker') as { readonly prototype: Broker });
  askNewLeader(load('kafkajs/src/cluster') as { readonly prototype: Cluster });
  return true;
}

/**
 * Without requests that wait, the queue would look again after a negative time, that is every millisecond: 5 % of a
 * core for an idle connection, and a TimeoutNegativeWarning on Node ≥ 24 (kafkajs issue 1751). Requests that come later
 * are scheduled by `push`, those that wait for an answer by the answer.
 */
function sleepWhenIdle(queue: Guarded<RequestQueue, 'scheduleCheckPendingRequests', void>): void {
  const schedule = queue.prototype.scheduleCheckPendingRequests;
  queue.prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}

/** kafkajs joins again at once when the group rebalances; what is under way should be committed before. */
function drainBeforeJoin(group: Guarded<ConsumerGroup, 'joinAndSync', Promise<void>>): void {
  const join = group.prototype.joinAndSync;
  group.prototype.joinAndSync = async function () {
    for (const assigner of this.assigners) await assigner.beforeJoin?.();
    await join.call(this);
  };
}

/**
 * A produce request as kafkajs makes it copies its records eight times through buffers that are zeroed first, and takes
 * a checksum byte by byte. Its versions 4 to 7 are made of version 3, which is loaded when the first one is sent.
 */
function encodeOnce(load: NodeJS.Require): void {
  const path = load.resolve('kafkajs/src/protocol/requests/produce/v3/request');
  const standard = load(path) as (options: ProduceOptions) => ProduceRequest;
  const { lookupCodec } = load('kafkajs/src/protocol/message/compression') as Compression;
  const compress: Compress = (codec, buffer) => lookupCodec(codec).compress({ buffer });
  const module = load.cache[path];
  if (module === undefined) return;
  module.exports = (options: ProduceOptions): ProduceRequest => {
    const request = standard(options);
    // times of their own are not for us
    const timed = options.topicData.some(({ partitions }) =>
      partitions.some(({ messages }) => messages.some(({ timestamp }) => timestamp !== undefined)),
    );
    return timed ? request : { ...request, encode: () => encodeProduce(options, compress) };
  };
}

/** kafkajs makes ten objects of a message, which costs a consumer of single lines more than all that follows. */
function fetchWhole(load: NodeJS.Require): void {
  const fetch = load('kafkajs/src/protocol/requests/fetch') as Fetch;
  const { lookupCodec } = load('kafkajs/src/protocol/message/compression') as Compression;
  const standard = fetch.protocol;
  fetch.protocol = (version) => {
    const made = standard(version);
    if (version.version !== FETCH_VERSION) return made;
    return (options) => {
      if (options.rackId !== WHOLE_BATCHES) return made(options);
      const request = made({ ...options, rackId: '' });
      const decode = (bytes: Buffer): Promise<FetchResponse<object>> =>
        decodeFetch<object>(bytes, (codec, records) => lookupCodec(codec).decompress(records), messageSet);
      return { ...request, response: { ...request.response, decode } };
    };
  };
  const messageSet = async (bytes: Buffer): Promise<readonly object[]> => {
    const Decoder = load('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;
    const read = load('kafkajs/src/protocol/messageSet/decoder') as (decoder: object) => Promise<readonly object[]>;
    return read(new Decoder(bytes));
  };
}

/** A request is copied twice into its frame: every byte that is made room for is written. */
function growWithoutZeros(encoder: EncoderClass): void {
  encoder.prototype.ensureAvailable = function (length) {
    const needed = this.offset + length;
    if (needed <= this.buf.length) return;
    const larger = Buffer.allocUnsafeSlow(encoder.nextPowerOfTwo(needed));
    this.buf.copy(larger, 0, 0, this.offset);
    this.buf = larger;
  };
}

/** Milliseconds between two tries, and until it is given up. */
const MARKS_PAUSE_MS = 5;
const MARKS_WAIT_MS = 30_000;

/**
 * A broker answers a commit before it has written the marks of the transaction, and until then refuses what begins the
 * next one. Its Java client asks again after 20 ms; kafkajs gives up when offsets come first, and waits at least 100 ms
 * when messages do.
 */
function waitForMarks({ prototype }: { readonly prototype: Broker }): void {
  for (const name of ['addPartitionsToTxn', 'addOffsetsToTxn'] as const) {
    const send = prototype[name];
    prototype[name] = async function (request) {
      const until = performance.now() + MARKS_WAIT_MS;
      for (;;) {
        try {
          return await send.call(this, request);
        } catch (error) {
          const { type } = error as { readonly type?: string };
          if (type !== 'CONCURRENT_TRANSACTIONS' || performance.now() > until) throw error;
          await sleep(MARKS_PAUSE_MS);
        }
      }
    };
  }
}

/** Milliseconds between two tries, and until it is given up. */
const LEADER_PAUSE_MS = 200;
const LEADER_WAIT_MS = 10_000;

/** What a broker says that does not lead a partition, not any more or not yet. */
const NO_LEADER = new Set(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/**
 * Where a topic begins and ends is asked of the leaders that kafkajs knows of, for five minutes the same ones; when a
 * partition has another one meanwhile, or its broker has just started, the admin client gives up at the first answer.
 */
function askNewLeader({ prototype }: { readonly prototype: Cluster }): void {
  const fetchOffsets = prototype.fetchTopicsOffset;
  prototype.fetchTopicsOffset = async function (topics) {
    const until = performance.now() + LEADER_WAIT_MS;
    for (;;) {
      try {
        return await fetchOffsets.call(this, topics);
      } catch (error) {
        const { type = '' } = error as { readonly type?: string };
        if (!NO_LEADER.has(type) || performance.now() > until) throw error;
        await sleep(LEADER_PAUSE_MS);
        await this.refreshMetadata();
      }
    }
  };
}
