import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Malformed } from '../../../src/model/ledger.ts';
import { type EnvelopeTarget, openMessage } from '../../../src/source/envelope.ts';

const A = '2 123456789012 eni-0a 10.0.0.1 10.0.0.2 443 50000 6 1 40 1700000000 1700000060 ACCEPT OK';
const B = A.replace('ACCEPT', 'REJECT');

/** What is found, in order, as short texts. */
function open(message: string | Uint8Array): string[] {
  const found: string[] = [];
  const target: EnvelopeTarget = {
    message: (text) => found.push(...Buffer.from(text).toString('utf8').split('\n')),
    record: (names, values) => found.push(names.map((name, i) => `${name}=${values[i] ?? ''}`).join(' ')),
    object: (bucket, key) => found.push(`s3://${bucket}/${key}`),
    noObject: () => found.push('no object'),
    broken: (reason: Malformed) => found.push(`! ${reason}`),
  };
  openMessage(Buffer.from(message), target);
  return found;
}

const base64 = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString('base64');
const subscription = (messages: readonly string[], messageType = 'DATA_MESSAGE'): string =>
  JSON.stringify({
    messageType,
    owner: '123456789012',
    logGroup: '/vpc',
    logStream: 'eni-0a-all',
    subscriptionFilters: ['f'],
    logEvents: messages.map((message, i) => ({
      id: `${'35601234567890123456789012345678901234567890123456'}78${i}`,
      timestamp: 1_700_000_000_000 + i,
      message,
      extractedFields: { version: '2' },
    })),
  });
const both = subscription([A, B]);
const s3 = (key: string): unknown => ({ s3: { bucket: { name: 'logs' }, object: { key } } });

describe('openMessage', () => {
  it.each<[string, string | Uint8Array, string[]]>([
    ['one line', A, [A]],
    ['lines, the last with its newline', `${A}\n${B}\n`, [A, B]],
    ['nothing', '', ['']],
    ['gzip of lines', gzipSync(`${A}\n`), [A]],
    ['a subscription', both, [A, B]],
    ['a subscription as gzip', gzipSync(both), [A, B]],
    ['as base64 of gzip', base64(gzipSync(both)), [A, B]],
    ['gzip members one behind the other', Buffer.concat([gzipSync(both), gzipSync(both)]), [A, B, A, B]],
    ['documents with nothing between', both + both, [A, B, A, B]],
    [
      'documents on lines, printed over many lines',
      `${JSON.stringify(JSON.parse(both), null, 2)}\n${both}`,
      [A, B, A, B],
    ],
    ['a control message', subscription(['CWL CONTROL MESSAGE: Checking health'], 'CONTROL_MESSAGE'), []],
    ['a Lambda event', JSON.stringify({ awslogs: { data: base64(gzipSync(both)) } }), [A, B]],
    ['a Firehose line', `{"message":${JSON.stringify(A)}}`, [A]],
    ['a list of Firehose lines', `[{"message":${JSON.stringify(A)}},\n{"message":${JSON.stringify(B)}}]`, [A, B]],
    ['a list of lines', JSON.stringify([A, B]), [A, B]],
    ['a message of several lines', JSON.stringify({ message: `${A}\n${B}\n` }), [A, B]],
    ['a subscription in a message', JSON.stringify({ message: both }), [A, B]],
    [
      'a Firehose transformation event',
      JSON.stringify({ records: [{ recordId: '1', data: base64(gzipSync(both)) }] }),
      [A, B],
    ],
    [
      'Kinesis records',
      JSON.stringify({ Records: [{ kinesis: { data: base64(both) } }, { kinesis: { data: base64(A) } }] }),
      [A, B, A],
    ],
    [
      'what filter-log-events prints',
      JSON.stringify({ events: [{ eventId: '3', message: A }], searchedLogStreams: [] }),
      [A],
    ],
    ['an S3 event', JSON.stringify({ Records: [s3('AWSLogs/a+b/%C3%A9.log.gz')] }), ['s3://logs/AWSLogs/a b/é.log.gz']],
    [
      'an S3 event in SNS in SQS',
      JSON.stringify({
        Records: [{ body: JSON.stringify({ Type: 'Notification', Message: JSON.stringify({ Records: [s3('k')] }) }) }],
      }),
      ['s3://logs/k'],
    ],
    [
      'an S3 event of EventBridge, whose key is as it is',
      JSON.stringify({ source: 'aws.s3', detail: { bucket: { name: 'logs' }, object: { key: 'a+b' } } }),
      ['s3://logs/a+b'],
    ],
    ["S3's test event", JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent' }), ['no object']],
    [
      'an S3 event of an object that was removed',
      JSON.stringify({ Records: [{ eventName: 'ObjectRemoved:Delete', ...Object(s3('k')) }] }),
      ['no object'],
    ],
    [
      "an S3 event as MinIO's",
      JSON.stringify({
        EventName: 's3:ObjectCreated:Put',
        Key: 'logs/k',
        Records: [{ eventName: 's3:ObjectCreated:Put', ...Object(s3('k')) }],
      }),
      ['s3://logs/k'],
    ],
    [
      'an object of fields in any spelling',
      '{"interfaceId":"eni-0a","src_addr":"10.0.0.1","bytes":18446744073,"x":null,"tags":{"a":1}}',
      ['interfaceId=eni-0a src_addr=10.0.0.1 bytes=18446744073 x= tags={"a":1}'],
    ],
    [
      'integers that a double cannot hold',
      `{"bytes":18446744073709551615,"packets" : 9007199254740993,"start":-12345678901234567,"x":[1234567890123456789],
        "note":"a \\" 9007199254740993,\\\\","y":1234567890123456.5,"z":12345678901234567e0}`,
      [
        'bytes=18446744073709551615 packets=9007199254740993 start=-12345678901234567 x=[1234567890123456789] ' +
          'note=a " 9007199254740993,\\ y=1234567890123456.5 z=12345678901234568',
      ],
    ],
    [
      'integers in envelopes of envelopes',
      JSON.stringify({ message: JSON.stringify({ message: '{"bytes":9007199254740993,"srcport":1}' }) }),
      ['bytes=9007199254740993 srcport=1'],
    ],
    [
      'lines between documents',
      `${A}\n{"message":${JSON.stringify(B)}}\njunk`,
      [`${A}`, `{"message":${JSON.stringify(B)}}`, 'junk'],
    ],
    ['documents with lines between', `{"message":${JSON.stringify(B)}}\n${A}\n{"message":"x"}`, [B, A, 'x']],
  ])('%s', (_, message, found) => expect(open(message)).toEqual(found));

  it.each<[string, string | Uint8Array, string[]]>([
    ['a cut document before a whole one', `{"message":"2 12\n{"message":${JSON.stringify(A)}}`, ['! json', A]],
    ['a document cut behind a value', `{"a":1\n{"message":${JSON.stringify(A)}}`, ['! json', A]],
    ['a document cut in a list', `{"logEvents":[{"message":"x"}\n{"message":${JSON.stringify(A)}}`, ['! json', A]],
    ['a document cut at the end', `{"message":${JSON.stringify(A)}}{"mess`, [A, '! json']],
    ['no JSON', '{message: x}', ['! json']],
    ['no JSON of long digits', '{"bytes":01234567890123456}{9007199254740993:1}', ['! json', '! json']],
    ['deeper than anything real', `{"a":${'['.repeat(100)}${']'.repeat(100)}}`, ['! json']],
    ['JSON without a record', '{"a":1}{"SecurityGroups":[]}', ['! no-record', '! no-record']],
    ['an event without a message', '{"logEvents":[{"id":"1"},{"message":"x"}]}', ['! no-record', 'x']],
    ['gzip cut short', gzipSync(both).subarray(0, 60), ['! encoding']],
    ['base64 that is none', JSON.stringify({ awslogs: { data: '<html>' } }), ['! encoding']],
    ['a bomb', gzipSync(Buffer.alloc(80 * 1024 * 1024)), ['! encoding']],
    ['an S3 key that cannot be decoded', JSON.stringify({ Records: [s3('%zz')] }), ['! no-record']],
  ])('counts %s and goes on', (_, message, found) => expect(open(message)).toEqual(found));

  it('does not follow envelopes without end', () => {
    let message = A;
    for (let i = 0; i < 20; i++) message = JSON.stringify({ message });
    expect(open(message)).toEqual(['! encoding']);
  });
});

describe('OCSF class 4001', () => {
  const event = {
    class_uid: 4001,
    time: 1_700_000_000_000,
    start_time: 1_700_000_000_000,
    end_time: 1_700_000_060_000,
    metadata: { product: { version: '5' } },
    cloud: { account: { uid: '123456789012' }, region: 'us-east-1', zone: 'use1-az1' },
    src_endpoint: {
      ip: '10.0.1.9',
      intermediate_ips: ['10.0.1.5'],
      port: 49_152,
      interface_uid: 'eni-0a',
      vpc_uid: 'vpc-1',
      subnet_uid: 'subnet-1',
    },
    dst_endpoint: { ip: '52.1.1.1', port: 443, svc_name: 'AMAZON', interface_uid: '-' },
    connection_info: {
      protocol_num: 6,
      tcp_flags: 2,
      direction: 'Outbound',
      direction_id: 2,
      boundary_id: 11,
      protocol_ver: 'IPv4',
    },
    traffic: { packets: 3, bytes: 180 },
    action_id: 2,
    action: 'Denied',
    status_code: 'OK',
    unmapped: [['sublocation_id', 'x']],
  };
  const fields = (value: unknown): Record<string, string> =>
    Object.fromEntries(open(JSON.stringify(value)).flatMap((line) => line.split(' ').map((pair) => pair.split('='))));

  it('goes back to the fields of the record', () => {
    expect(fields(event)).toEqual({
      ...{
        version: '5',
        'account-id': '123456789012',
        'interface-id': 'eni-0a',
        srcaddr: '10.0.1.5',
        dstaddr: '52.1.1.1',
      },
      ...{ srcport: '49152', dstport: '443', protocol: '6', packets: '3', bytes: '180', start: '1700000000000' },
      ...{ end: '1700000060000', action: 'REJECT', 'log-status': 'OK', 'vpc-id': 'vpc-1', 'subnet-id': 'subnet-1' },
      ...{ 'instance-id': '', 'tcp-flags': '2', type: 'IPv4', 'pkt-srcaddr': '10.0.1.9', 'pkt-dstaddr': '52.1.1.1' },
      ...{ region: 'us-east-1', 'az-id': 'use1-az1', 'sublocation-type': '', 'sublocation-id': 'x' },
      ...{
        'pkt-src-aws-service': '',
        'pkt-dst-aws-service': 'AMAZON',
        'flow-direction': 'egress',
        'traffic-path': '8',
      },
      'reject-reason': '',
    });
  });

  it('reads the older names, an inbound record and instants as text', () => {
    const older = {
      ...event,
      cloud: { account_uid: '1', region: 'r' },
      src_endpoint: { ip: '52.1.1.1', port: 443 },
      dst_endpoint: { ip: '10.0.1.5', port: 5, interface_uid: 'eni-0b' },
      connection_info: { protocol_num: 6, direction: 'ingress', boundary_id: 99 },
      action_id: undefined,
      action: undefined,
      disposition: 'Allowed',
      start_time: undefined,
      end_time: undefined,
      start_time_dt: '2023-11-14T22:13:20.000Z',
      end_time_dt: '2023-11-14 22:14:20.000',
    };
    expect(fields(older)).toMatchObject({
      ...{
        'account-id': '1',
        'interface-id': 'eni-0b',
        action: 'ACCEPT',
        'flow-direction': 'ingress',
        'traffic-path': '',
      },
      ...{ start: '1700000000', end: '1700000060', srcaddr: '52.1.1.1', dstaddr: '10.0.1.5' },
    });
  });
});
