import { Kafka, logLevel } from 'kafkajs';
import { registerCodecs } from '../../src/kafka/codecs.ts';
import { patchKafkajs } from '../../src/kafka/patches.ts';

/** `bare-consumer.ts BROKER TOPIC MESSAGES`: kafkajs that only counts; prints the seconds from joining to the last. */
const [broker = '', topic = '', wanted = '0'] = process.argv.slice(2);
patchKafkajs();
registerCodecs();
const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
const consumer = kafka.consumer({
  groupId: `bare-${process.pid}`,
  maxBytes: 8 * 1024 * 1024,
  maxBytesPerPartition: 4 * 1024 * 1024,
});
await consumer.connect();
await consumer.subscribe({ topics: [topic], fromBeginning: true });
let joined = 0;
consumer.on('consumer.group_join', () => {
  joined = performance.now();
});
let [messages, bytes] = [0, 0];
const seconds = await new Promise<number>((resolve, reject) => {
  consumer
    .run({
      autoCommit: false,
      partitionsConsumedConcurrently: 16,
      async eachBatch({ batch }) {
        messages += batch.messages.length;
        for (const { value } of batch.messages) bytes += value?.length ?? 0;
        if (messages >= Number(wanted)) resolve((performance.now() - joined) / 1000);
      },
    })
    .catch(reject);
});
console.log(JSON.stringify({ messages, bytes, seconds }));
await consumer.disconnect();
