import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Newest release of the 4 line; CI adds the newest of the line before it. */
export const KAFKA_NEWEST = '4.4.0';

const POM = fileURLToPath(new URL('pom.xml', import.meta.url));
const JAVA_MIN = 17;

/** Why no broker can be started here; undefined when one can. Costs one start of `java`. */
export async function brokerMissing(version: string): Promise<string | undefined> {
  const java = await run('java', ['-version']).catch(() => undefined);
  const major = Number(/version "(\d+)/.exec(java?.stderr ?? '')?.[1]);
  if (!(major >= JAVA_MIN)) return `no java ≥ ${JAVA_MIN}`;
  if (existsSync(folderOf(version))) return undefined;
  const maven = await run('mvn', ['--version']).catch(() => undefined);
  return maven === undefined
    ? `Kafka ${version} is not in ${folderOf(version)}, and there is no mvn to get it`
    : undefined;
}

/** Folder with the jars of a Kafka version, fetched once from Maven Central and kept outside the tree. */
export async function kafkaJars(version: string): Promise<string> {
  const folder = folderOf(version);
  if (existsSync(folder)) return folder;
  await mkdir(join(folder, '..'), { recursive: true });
  const partial = await mkdtemp(`${folder}.`);
  try {
    const options = ['-q', '-B', '-f', POM, `-Dkafka.version=${version}`, `-DoutputDirectory=${partial}`];
    await run('mvn', [...options, 'dependency:copy-dependencies'], { maxBuffer: 1 << 26 });
    // two processes may fetch at once: the second one finds the folder there
    await rename(partial, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return folder;
}

function folderOf(version: string): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'flowtrie', 'kafka', version);
}
