import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { COMPRESSIONS, type KafkaCompression } from '../kafka/codecs.ts';
import { SASL_MECHANISMS } from '../kafka/connection.ts';
import { FlowtrieError } from '../model/errors.ts';
import { OUTPUT_FORMATS } from '../sink/part.ts';
import {
  CLICKHOUSE_DEFAULTS,
  type ClickHouseSettings,
  KAFKA_DEFAULTS,
  type KafkaSettings,
  STREAM_DEFAULTS,
  type StreamSettings,
  THREADS_MAX,
} from '../stream/settings.ts';

/** A value from the environment or a flag is text: a list is separated by commas there. */
const list = (item: z.ZodType<string>) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((text) => text.trim()) : value),
    z.array(item).min(1),
  );
const whole = (min: number, max: number) => {
  const error = `expected a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
};
const flag = z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean());
const text = z.string().min(1);

const hostPort = z.string().regex(/^[^\s:]+:\d{1,5}$|^\[[\da-fA-F:]+\]:\d{1,5}$/, 'expected HOST:PORT');
const topic = z.string().regex(/^[\w.-]{1,249}$/, 'expected a topic: letters, digits, . _ -');
const FROM_TEXT = "expected 'earliest', 'latest' or an RFC 3339 instant with a zone";
const SECONDS_TEXT = 'expected seconds, 0 or more';
const instant = z.iso.datetime({ offset: true, error: FROM_TEXT });

const KAFKA: z.ZodType<KafkaSettings> = z.strictObject({
  brokers: list(hostPort),
  topics: list(topic),
  group: text.default(KAFKA_DEFAULTS.group),
  clientId: text.default(KAFKA_DEFAULTS.clientId),
  from: z
    .union([z.literal('earliest'), z.literal('latest'), instant], { error: FROM_TEXT })
    .default(KAFKA_DEFAULTS.from),
  sessionSeconds: whole(1, 3600).default(KAFKA_DEFAULTS.sessionSeconds),
  compression: z.enum(Object.keys(COMPRESSIONS) as KafkaCompression[]).default(KAFKA_DEFAULTS.compression),
  tls: z
    .strictObject({
      enabled: flag.default(KAFKA_DEFAULTS.tls.enabled),
      ca: text.optional(),
      cert: text.optional(),
      key: text.optional(),
    })
    .prefault({}),
  sasl: z
    .strictObject({
      mechanism: z.enum(SASL_MECHANISMS),
      username: text.optional(),
      password: text.optional(),
      passwordFile: text.optional(),
      region: text.optional(),
    })
    .optional(),
});

const URL_TEXT = 'expected http://HOST:PORT or https://HOST:PORT without a user';
const CLICKHOUSE: z.ZodType<ClickHouseSettings> = z.strictObject({
  url: z
    .string()
    .regex(/^https?:\/\/[^@\s]+$/, URL_TEXT)
    .default(CLICKHOUSE_DEFAULTS.url),
  username: text.default(CLICKHOUSE_DEFAULTS.username),
  password: text.optional(),
  passwordFile: text.optional(),
  database: text.optional(),
  blockBytes: whole(1, 2 ** 30).default(CLICKHOUSE_DEFAULTS.blockBytes),
  blockSeconds: whole(1, 3600).default(CLICKHOUSE_DEFAULTS.blockSeconds),
});

const MEMBERS = {
  kafka: KAFKA,
  inventory: text,
  inventorySeconds: z.coerce
    .number({ error: SECONDS_TEXT })
    .min(0, { error: SECONDS_TEXT })
    .default(STREAM_DEFAULTS.inventorySeconds),
  watchPods: flag.default(STREAM_DEFAULTS.watchPods),
  kubeContext: text.optional(),
  out: text.default(STREAM_DEFAULTS.out),
  outFormat: z.enum(OUTPUT_FORMATS).optional(),
  deadLetter: topic.optional(),
  clickhouse: CLICKHOUSE.prefault({}),
  pair: flag.optional(),
  latenessSeconds: whole(0, 86_400).default(STREAM_DEFAULTS.latenessSeconds),
  windows: text.default(STREAM_DEFAULTS.windows),
  windowSeconds: whole(1, 3600).default(STREAM_DEFAULTS.windowSeconds),
  windowTop: whole(1, 1000).default(STREAM_DEFAULTS.windowTop),
  fileBytes: whole(1, 2 ** 40).default(STREAM_DEFAULTS.fileBytes),
  fileSeconds: whole(1, 86_400).default(STREAM_DEFAULTS.fileSeconds),
  http: z
    .string()
    .regex(/^(\S*):\d{1,5}$/, 'expected [HOST]:PORT')
    .optional(),
  threads: whole(0, THREADS_MAX).default(STREAM_DEFAULTS.threads),
  logFormat: text.optional(),
  log: z.enum(['text', 'json']).optional(),
  stopAtEnd: flag.default(STREAM_DEFAULTS.stopAtEnd),
};

/** What `flowtrie stream` takes: how it speaks to people is no matter of the library. */
export type CommandSettings = StreamSettings & { readonly log?: 'text' | 'json' | undefined };

const SETTINGS: z.ZodType<CommandSettings> = z.strictObject(MEMBERS);

/** What `flowtrie enqueue` takes of the same settings: the others may be there. */
export type EnqueueSettings = Pick<StreamSettings, 'kafka'>;

const ENQUEUE_SETTINGS: z.ZodType<EnqueueSettings> = z.strictObject({ ...MEMBERS, inventory: text.optional() });

/** Settings that may be given as flags: flag name (as commander makes it) → path. Secrets are not among them. */
const FLAGS: Readonly<Record<string, string>> = {
  brokers: 'kafka.brokers',
  topic: 'kafka.topics',
  group: 'kafka.group',
  from: 'kafka.from',
  compression: 'kafka.compression',
  inventory: 'inventory',
  watchPods: 'watchPods',
  kubeContext: 'kubeContext',
  out: 'out',
  outFormat: 'outFormat',
  deadLetter: 'deadLetter',
  pair: 'pair',
  latenessSeconds: 'latenessSeconds',
  windows: 'windows',
  http: 'http',
  threads: 'threads',
  logFormat: 'logFormat',
  log: 'log',
  stopAtEnd: 'stopAtEnd',
};

const PATHS = [...leafPaths(SETTINGS, [])];
const SECRETS: ReadonlySet<string> = new Set(['kafka.sasl.password', 'clickhouse.password', 'clickhouse.url']);
const ENV_PREFIX = 'FLOWTRIE_';

/** FLOWTRIE_KAFKA_SASL_PASSWORD for kafka.sasl.password. */
export function environmentName(path: string): string {
  return ENV_PREFIX + path.replaceAll('.', '_').replace(/[A-Z]/g, '_$&').toUpperCase();
}

function* leafPaths(schema: z.ZodType, path: readonly string[]): Generator<string> {
  const inner = unwrapped(schema);
  if (!(inner instanceof z.ZodObject)) {
    yield path.join('.');
    return;
  }
  for (const [name, member] of Object.entries(inner.shape)) yield* leafPaths(member as z.ZodType, [...path, name]);
}

function unwrapped(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return unwrapped(schema.unwrap() as z.ZodType);
  return schema;
}

interface Tree {
  [name: string]: unknown;
}

type Flags = Readonly<Record<string, unknown>>;
type Environment = Readonly<Record<string, string | undefined>>;

/** Where a value came from, for messages. */
interface Origins {
  /** Path → place. */
  readonly places: Map<string, { readonly place: string; readonly code: 'usage' | 'input' }>;
  readonly file: string | undefined;
}

/**
 * File, then environment, then flags: the later one wins. Throws FlowtrieError that names place, setting and value for
 * the first thing that is wrong.
 */
export function readSettings(flags: Flags, environment: Environment, file: string | undefined): CommandSettings {
  return settingsBy(SETTINGS, 'stream', flags, environment, file);
}

/** The same for `flowtrie enqueue`. */
export function readEnqueueSettings(flags: Flags, environment: Environment, file: string | undefined): EnqueueSettings {
  return settingsBy(ENQUEUE_SETTINGS, 'enqueue', flags, environment, file);
}

function settingsBy<T extends EnqueueSettings>(
  schema: z.ZodType<T>,
  command: string,
  flags: Flags,
  environment: Environment,
  file: string | undefined,
): T {
  const origins: Origins = { places: new Map(), file };
  const tree: Tree = file === undefined ? {} : readFile(file, origins);
  for (const path of PATHS) {
    const name = environmentName(path);
    const value = environment[name];
    if (value !== undefined && value !== '') put(tree, path, value, origins, { place: name, code: 'input' });
  }
  for (const [name, path] of Object.entries(FLAGS)) {
    const place = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (flags[name] !== undefined) put(tree, path, flags[name], origins, { place, code: 'usage' });
  }
  tree.kafka ??= {};
  const parsed = schema.safeParse(tree);
  if (!parsed.success) throw wrong(parsed.error, command, tree, origins);
  return withPassword(parsed.data);
}

function put(
  tree: Tree,
  path: string,
  value: unknown,
  origins: Origins,
  origin: { readonly place: string; readonly code: 'usage' | 'input' },
): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let at = tree;
  for (const name of names) {
    const next = at[name];
    const child: Tree = typeof next === 'object' && next !== null ? (next as Tree) : {};
    at[name] = child;
    at = child;
  }
  at[last] = value;
  origins.places.set(path, origin);
}

function readFile(file: string, origins: Origins): Tree {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new FlowtrieError('input', `${file}: cannot be read (${reason})`, { cause });
  }
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new FlowtrieError('input', `${file}:${line}:${col}: broken YAML: ${error.message.split('\n')[0]}`);
  }
  const tree: unknown = document.toJS() ?? {};
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree))
    throw new FlowtrieError('input', `${file}: expected settings by name, got ${JSON.stringify(tree)}`);
  const visit = (value: unknown, path: readonly string[]): void => {
    const node: unknown = document.getIn(path, true);
    const range = typeof node === 'object' && node !== null && 'range' in node ? (node.range as number[]) : undefined;
    const place = range === undefined ? file : `${file}:${lines.linePos(range[0] ?? 0).line}`;
    if (path.length > 0) origins.places.set(path.join('.'), { place, code: 'input' });
    if (typeof value !== 'object' || value === null) return;
    for (const [name, member] of Object.entries(value)) visit(member, [...path, name]);
  };
  visit(tree, []);
  return tree as Tree;
}

function wrong(error: z.ZodError, command: string, tree: Tree, origins: Origins): FlowtrieError {
  const [issue] = error.issues;
  const names = (issue?.path ?? []).map(String);
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  if (unknown !== undefined) names.push(unknown);
  const path = names.join('.');
  let origin = origins.places.get(path);
  for (let at = names.slice(0, -1); origin === undefined && at.length > 0; at = at.slice(0, -1))
    origin = origins.places.get(at.join('.'));
  const value = valueAt(tree, names);
  if (unknown !== undefined) {
    const place = origins.places.get(path)?.place ?? origins.file;
    return new FlowtrieError('input', `${place}: ${path}: no such setting`);
  }
  if (value === undefined) {
    const [known] = Object.entries(FLAGS).find(([, target]) => target === path) ?? [];
    const ways = [
      ...(known === undefined ? [] : [`--${known}`]),
      environmentName(path),
      `${path} in the file of --config`,
    ];
    return new FlowtrieError('usage', `${command}: missing ${ways[0]} (or ${ways.slice(1).join(', or ')})`);
  }
  const shown = SECRETS.has(path) ? 'a secret' : JSON.stringify(value);
  const at = origin === undefined ? path : `${origin.place}: ${path}`;
  return new FlowtrieError(origin?.code ?? 'input', `${at}: ${issue?.message ?? 'wrong value'}, got ${shown}`);
}

/** An item of a list that was given as one text is that text. */
function valueAt(tree: Tree, names: readonly string[]): unknown {
  let at: unknown = tree;
  for (const name of names) {
    if (typeof at === 'string') return at;
    at = typeof at === 'object' && at !== null ? (at as Tree)[name] : undefined;
  }
  return at;
}

function withPassword<T extends EnqueueSettings & Partial<Pick<StreamSettings, 'clickhouse'>>>(settings: T): T {
  const { sasl } = settings.kafka;
  const { clickhouse } = settings;
  const kafka = sasl === undefined ? settings.kafka : { ...settings.kafka, sasl: withFile(sasl, 'kafka.sasl') };
  return {
    ...settings,
    kafka,
    ...(clickhouse === undefined ? {} : { clickhouse: withFile(clickhouse, 'clickhouse') }),
  };
}

/** With the password from its file, when one is named, as secrets are mounted. */
function withFile<T extends object>(account: T, path: string): T {
  const file = 'passwordFile' in account ? account.passwordFile : undefined;
  if (typeof file !== 'string') return account;
  try {
    return { ...account, password: readFileSync(file, 'utf8').trimEnd() };
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new FlowtrieError('input', `${path}.passwordFile: ${file}: cannot be read (${reason})`, { cause });
  }
}
