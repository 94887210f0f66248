import { createRequire } from 'node:module';
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
  lookupCodec(codec: number): { compress(encoder: { readonly buffer: Buffer }): Promise<Buffer> };
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
  growWithoutZeros(load('kafkajs/src/protocol/encoder') as EncoderClass);
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
