import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kafkaJars } from './jars.ts';

/** Listeners of a broker that ask who is there, and what a client needs for them. */
export interface Security {
  /** TLS with SASL: PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 for user and password. */
  readonly sasl: string;
  /** TLS that asks for the client's certificate. */
  readonly mutual: string;
  readonly user: string;
  readonly password: string;
  /** PEM files. The authority is known to nobody else. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const USER = 'flow';
const PASSWORD = 'correct horse battery';
const DAYS = '2';

/** Makes an authority and certificates of server and client in `folder`. */
export function makeSecurity(folder: string, saslPort: number, mutualPort: number): Security {
  const path = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const request = ['req', '-newkey', 'rsa:2048', '-nodes'];
  const authority = ['-x509', '-days', DAYS, '-subj', '/CN=test authority'];
  openssl(...request, ...authority, '-keyout', path('ca.key'), '-out', path('ca.pem'));
  writeFileSync(path('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  for (const name of ['server', 'client']) {
    openssl(...request, '-subj', `/CN=${name}`, '-keyout', path(`${name}.key`), '-out', path(`${name}.csr`));
    const signer = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial', '-days', DAYS];
    const made = ['-in', path(`${name}.csr`), '-out', path(`${name}.pem`), '-extfile', path('names')];
    openssl('x509', '-req', ...signer, ...made);
  }
  writeFileSync(path('server.store.pem'), readFileSync(path('server.key')));
  appendFileSync(path('server.store.pem'), readFileSync(path('server.pem')));
  return {
    sasl: `127.0.0.1:${saslPort}`,
    mutual: `127.0.0.1:${mutualPort}`,
    user: USER,
    password: PASSWORD,
    ca: path('ca.pem'),
    cert: path('client.pem'),
    key: path('client.key'),
  };
}

/** The account that the broker knows as Amazon MSK would. */
export const IAM_ACCOUNT = {
  accessKeyId: 'AKIAFLOWTRIETEST',
  secretAccessKey: 'a/secret+key=of~nobody',
  region: 'eu-west-3',
};

/** A client has to prove again who it is after so long. */
const IAM_SESSION_MS = 62_000;

const IAM_SOURCE = fileURLToPath(new URL('MskIam.java', import.meta.url));

/** Why tokens cannot be checked as Amazon MSK does; undefined when they can. */
export function iamMissing(): string | undefined {
  try {
    execFileSync('javac', ['-version'], { stdio: 'pipe' });
    return undefined;
  } catch {
    return 'no javac, which compiles what checks tokens as Amazon MSK does';
  }
}

/** Compiles what checks tokens; returns the folder of its classes. */
export async function compileIam(version: string, folder: string): Promise<string> {
  const classes = join(folder, 'classes');
  execFileSync('javac', ['-cp', `${await kafkaJars(version)}/*`, '-d', classes, IAM_SOURCE], { stdio: 'pipe' });
  return classes;
}

function iamProperties(): readonly string[] {
  const options = Object.entries(IAM_ACCOUNT).map(([name, value]) => `${name}="${value}"`);
  const login = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule';
  const listener = 'listener.name.sasl.oauthbearer';
  return [
    `${listener}.sasl.jaas.config=${login} required ${options.join(' ')};`,
    `${listener}.sasl.server.callback.handler.class=MskIam`,
    // the broker itself needs no token
    `${listener}.sasl.login.callback.handler.class=MskIam`,
    `${listener}.connections.max.reauth.ms=${IAM_SESSION_MS}`,
  ];
}

/** Lines of server.properties beside those of a broker without security. */
export function securityProperties(folder: string, { ca, user, password }: Security, iam: boolean): readonly string[] {
  const modules = 'org.apache.kafka.common.security';
  return [
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_SSL,MUTUAL:SSL',
    'inter.broker.listener.name=PLAINTEXT',
    `sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512${iam ? ',OAUTHBEARER' : ''}`,
    ...(iam ? iamProperties() : []),
    `listener.name.sasl.plain.sasl.jaas.config=${modules}.plain.PlainLoginModule required user_${user}="${password}";`,
    ...['256', '512'].map(
      (bits) => `listener.name.sasl.scram-sha-${bits}.sasl.jaas.config=${modules}.scram.ScramLoginModule required;`,
    ),
    'ssl.keystore.type=PEM',
    `ssl.keystore.location=${join(folder, 'server.store.pem')}`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${ca}`,
    'listener.name.mutual.ssl.client.auth=required',
  ];
}

/** What formats the storage of a broker whose SCRAM users are these. */
export function scramArguments({ user, password }: Security): readonly string[] {
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${user},password=${password}]`,
  ]);
}
