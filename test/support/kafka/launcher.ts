import { kafkaJars } from './jars.ts';

/** How a Kafka of one version is run on this machine: the words of a command each. */
export interface Launcher {
  /** `kafka.tools.StorageTool` with these arguments. */
  format(args: readonly string[]): readonly string[];
  /** A broker with this properties file, until it is killed. */
  serve(properties: string): readonly string[];
  /** Ends what `serve` began, when killing that process is not enough. */
  readonly end: readonly string[];
}

const HEAP = '-Xmx768m';

/** `classes`: a folder of more classes, null = none. */
export async function jarsLauncher(version: string, classes: string | null = null): Promise<Launcher> {
  const jars = await kafkaJars(version);
  const path = classes === null ? `${jars}/*` : `${classes}:${jars}/*`;
  const java = ['-XX:+UseSerialGC', HEAP, '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', path];
  return {
    format: (args) => ['java', '-XX:TieredStopAtLevel=1', ...java, 'kafka.tools.StorageTool', ...args],
    serve: (properties) => ['java', ...java, 'kafka.Kafka', properties],
    end: [],
  };
}

export const dockerImage = (version: string): string => `apache/kafka:${version}`;

/**
 * Containers of the official image that see `folder` under its own name and the ports of this machine: the same
 * properties file and addresses hold in them.
 */
export function dockerLauncher(version: string, folder: string, name: string, classes: string | null = null): Launcher {
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const run = ['docker', 'run', '--rm', '--network', 'host', '--user', user, '--volume', `${folder}:${folder}`];
  const path = classes === null ? [] : ['--env', `CLASSPATH=${classes}`];
  const heap = ['--env', `KAFKA_HEAP_OPTS=${HEAP}`, '--env', `LOG_DIR=${folder}`, ...path];
  const program = (script: string): string[] => ['--entrypoint', `/opt/kafka/bin/${script}`, dockerImage(version)];
  return {
    format: (args) => [...run, ...heap, ...program('kafka-storage.sh'), ...args],
    serve: (properties) => [...run, '--name', name, ...heap, ...program('kafka-server-start.sh'), properties],
    end: ['docker', 'kill', name],
  };
}
