import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { chooseBroker } from './choice.ts';
import { dockerLauncher, jarsLauncher } from './launcher.ts';
import { compileIam, makeSecurity, type Security, scramArguments, securityProperties } from './security.ts';

/** One Apache Kafka: a broker and its controller in one process, on loopback, or the one that was given. */
export interface Broker {
  readonly version: string;
  /** It belongs to somebody else: it can neither be killed nor started, and nothing ends it. */
  readonly given: boolean;
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

/** A busy machine takes its time. */
const READY_MS = 150_000;
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';

/**
 * Runs a command and ends it when its own standard input closes: however the parent ends, no broker outlives it. The
 * first line it prints is the process id of the command. END is a command that ends what that process leaves.
 */
const TETHERED =
  '"$@" & pid=$!; echo $pid; cat > /dev/null; $END > /dev/null 2>&1; kill -9 $pid 2> /dev/null; wait $pid';

export interface BrokerOptions {
  /** With listeners that ask who is there; `iam`: also as Amazon MSK asks, which needs a Java compiler. */
  readonly secured?: boolean | 'iam';
  /** It is going to be killed: one that was given will not do. */
  readonly own?: boolean;
}

/** The broker that KAFKA_BROKERS names, else one that is started. */
export async function openBroker(version: string, options: BrokerOptions = {}): Promise<Broker> {
  const { secured = false, own = secured !== false } = options;
  const choice = await chooseBroker(version, own);
  return choice.kind === 'given' ? givenBroker(version, choice.address) : startBroker(version, options);
}

async function givenBroker(version: string, address: string): Promise<Broker> {
  const notOurs = async (): Promise<never> => {
    throw new Error(`the broker at ${address} belongs to whoever set KAFKA_BROKERS: it is neither killed nor started`);
  };
  await whenReady(address, () => 'KAFKA_BROKERS names it');
  return { version, given: true, address, security: null, kill: notOurs, start: notOurs, stop: async () => {} };
}

/** A broker of our own, in Docker or from the jars. */
export async function startBroker(version: string, { secured = false }: BrokerOptions = {}): Promise<Broker> {
  const choice = await chooseBroker(version, true);
  if (choice.kind === 'none') throw new Error(choice.missing);
  const folder = mkdtempSync(join(tmpdir(), 'flowtrie-kafka-'));
  const [port, controllerPort, saslPort, mutualPort] = await freePorts();
  const security = secured === false ? null : makeSecurity(folder, saslPort, mutualPort);
  const classes = secured === 'iam' ? await compileIam(version, folder) : null;
  const properties = join(folder, 'server.properties');
  writeFileSync(properties, serverProperties(folder, port, controllerPort, security, classes !== null));
  const launcher =
    choice.kind === 'docker'
      ? dockerLauncher(version, folder, basename(folder), classes)
      : await jarsLauncher(version, classes);
  const scram = security === null ? [] : scramArguments(security);
  const [tool = '', ...format] = launcher.format(['format', '-t', CLUSTER_ID, '-c', properties, ...scram]);
  execFileSync(tool, format, { stdio: 'pipe' });
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
    given: false,
    address,
    security,
    kill: end,
    async start() {
      const out = openSync(log, 'a');
      shell = spawn('sh', ['-c', TETHERED, 'sh', ...launcher.serve(properties)], {
        stdio: ['pipe', out, out],
        env: { ...process.env, END: launcher.end.join(' ') },
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

function serverProperties(
  folder: string,
  port: number,
  controllerPort: number,
  security: Security | null,
  iam: boolean,
): string {
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
    ...(security === null ? [] : securityProperties(folder, security, iam)),
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
