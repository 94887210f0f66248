import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { kafkaJars } from './jars.ts';
import { makeSecurity, type Security, scramArguments, securityProperties } from './security.ts';

/** One Apache Kafka, a broker and its controller in one process, on loopback. */
export interface Broker {
  readonly version: string;
  /** `host:port` */
  readonly address: string;
  /** Listeners beside it that ask who is there, when they were wanted. */
  readonly security: Security | null;
  /** SIGKILL, as a crash does. Its data stays. */
  kill(): Promise<void>;
  /** Starts it again on the same ports and data. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const READY_MS = 60_000;
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';

/**
 * Runs a command and ends it when its own standard input closes: however the parent ends, no broker outlives it. The
 * first line it prints is the process id of the command.
 */
const TETHERED = '"$@" & pid=$!; echo $pid; cat > /dev/null; kill -9 $pid 2> /dev/null; wait $pid';

export interface BrokerOptions {
  readonly secured?: boolean;
}

export async function startBroker(version: string, { secured = false }: BrokerOptions = {}): Promise<Broker> {
  const jars = await kafkaJars(version);
  const folder = mkdtempSync(join(tmpdir(), 'flowtrie-kafka-'));
  const [port, controllerPort, saslPort, mutualPort] = await freePorts();
  const security = secured ? makeSecurity(folder, saslPort, mutualPort) : null;
  const properties = join(folder, 'server.properties');
  writeFileSync(properties, serverProperties(folder, port, controllerPort, security));
  const java = ['-XX:+UseSerialGC', '-Xmx768m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', `${jars}/*`];
  const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', properties];
  if (security !== null) format.push(...scramArguments(security));
  execFileSync('java', ['-XX:TieredStopAtLevel=1', ...java, ...format], { stdio: 'pipe' });
  const log = join(folder, 'broker.log');
  const address = `127.0.0.1:${port}`;
  let shell: ChildProcess | undefined;
  const end = async (): Promise<void> => {
    if (shell === undefined) return;
    const closed = shell.exitCode === null ? once(shell, 'close') : undefined;
    shell.stdin?.end();
    await closed;
    shell = undefined;
  };
  const broker: Broker = {
    version,
    address,
    security,
    kill: end,
    async start() {
      const out = openSync(log, 'a');
      shell = spawn('sh', ['-c', TETHERED, 'sh', 'java', ...java, 'kafka.Kafka', properties], {
        stdio: ['pipe', out, out],
      });
      closeSync(out);
      await whenReady(address, () => readFileSync(log, 'utf8'));
    },
    async stop() {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await broker.start();
  } catch (error) {
    await broker.stop();
    throw error;
  }
  return broker;
}

function serverProperties(folder: string, port: number, controllerPort: number, security: Security | null): string {
  const more = security === null ? '' : `,SASL://${security.sasl},MUTUAL://${security.mutual}`;
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}${more}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}${more}`,
    'controller.listener.names=CONTROLLER',
    `log.dirs=${join(folder, 'data')}`,
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=4',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'transaction.state.log.num.partitions=4',
    'group.initial.rebalance.delay.ms=0',
    // a member that is killed must not hold up the tests for the usual six seconds
    'group.min.session.timeout.ms=1000',
    'message.max.bytes=16777216',
    'auto.create.topics.enable=false',
    ...(security === null ? [] : securityProperties(folder, security)),
    '',
  ].join('\n');
}

async function freePorts(): Promise<[number, number, number, number]> {
  const servers = [createServer(), createServer(), createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(async (server) => {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    }),
  );
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  const [port = 0, controllerPort = 0, saslPort = 0, mutualPort = 0] = ports;
  return [port, controllerPort, saslPort, mutualPort];
}

async function whenReady(address: string, log: () => string): Promise<void> {
  const kafka = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING, retry: { retries: 0 } });
  for (const deadline = Date.now() + READY_MS; ; ) {
    const admin = kafka.admin();
    try {
      await admin.connect();
      const { brokers } = await admin.describeCluster();
      if (brokers.length > 0) return;
    } catch (error) {
      if (Date.now() > deadline) {
        const tail = log().split('\n').slice(-20).join('\n');
        throw new Error(`Kafka at ${address} is not ready after ${READY_MS} ms:\n${tail}`, { cause: error });
      }
    } finally {
      await admin.disconnect().catch(() => {});
    }
    await sleep(100);
  }
}
