import { link, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Following, KafkaDriver, KeyedMessage } from '../kafka/driver.ts';
import { FlowtrieError, messageOf } from '../model/errors.ts';
import { backoffMs, pause, type StreamLog } from './status.ts';

export interface InventoryTopicOptions {
  connect(): Promise<KafkaDriver>;
  readonly topic: string;
  readonly log: StreamLog;
}

/**
 * A message with this key says that what came before belongs together: it is published at once. Only in a topic of one
 * partition: between partitions there is no before.
 */
const COMPLETE_KEY = 'complete';

/** Without one, documents belong together when nothing has come for so long. */
const QUIET_MS = 2_000;

/** Documents that are there already are waited for this long: a group's first answer may take seconds. */
const SILENCE_MS = 30_000;

const LOOK_MS = 100;

/** Longest path of a document. */
const NAME_MAX = 512;

/**
 * A compacted topic of inventory documents: key = path of the document, value = its text, no value = it is gone. What
 * the topic says lies in a folder of its own, which is published in one step (see LiveInventory) at consistent points:
 * when the end of the topic is reached, and later whenever a document `complete` or a quiet time comes.
 */
export class InventoryTopic {
  /** What LiveInventory watches. */
  readonly folder: string;
  private readonly options: InventoryTopicOptions;
  private readonly root: string;
  /** Path → file with its text; files are never written twice. */
  private documents = new Map<string, string>();
  private files = 0;
  private published = 0;
  private changedAt: number | null = null;
  private marked = false;
  private readonly stopping = new AbortController();
  private following: Promise<void> = Promise.resolve();

  private constructor(options: InventoryTopicOptions, root: string) {
    this.options = options;
    this.root = root;
    this.folder = join(root, 'current');
  }

  /** Reads the topic to its end. Throws FlowtrieError when it is not there or holds no document. */
  static async open(options: InventoryTopicOptions): Promise<InventoryTopic> {
    const inventory = new InventoryTopic(options, await mkdtemp(join(tmpdir(), 'flowtrie-inventory-')));
    try {
      const [driver, following] = await inventory.first();
      if (inventory.documents.size === 0)
        throw new FlowtrieError('inventory', `topic ${options.topic} holds no inventory document`);
      inventory.following = inventory.follow(driver, following);
    } catch (error) {
      await inventory.close();
      throw error;
    }
    return inventory;
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.following;
    await rm(this.root, { recursive: true, force: true });
  }

  /** What passes is tried again until it has passed. */
  private async first(): Promise<[KafkaDriver, Following]> {
    for (let tries = 0; ; tries++) {
      let driver: KafkaDriver | undefined;
      try {
        driver = await this.options.connect();
        return [driver, await this.begin(driver)];
      } catch (error) {
        await driver?.close().catch(() => {});
        if (error instanceof FlowtrieError) throw error;
        this.options.log('warn', 'inventory topic not read yet, trying again', { message: messageOf(error) });
        await pause(backoffMs(tries), this.stopping.signal);
      }
    }
  }

  /** From the beginning of the topic to where it ends now, and publishes that; returns when the reader ends. */
  private async begin(driver: KafkaDriver): Promise<Following> {
    const { topic } = this.options;
    const [missing] = await driver.missingTopics([topic]);
    if (missing !== undefined) throw new FlowtrieError('inventory', `topic ${topic} does not exist`);
    const ends = new Map(
      (await driver.partitionEnds(topic)).map(({ partition, low, high }) => [partition, { low, high }]),
    );
    const before = [...this.documents.values()];
    this.documents = new Map();
    this.marked = ends.size === 1;
    const behind = (): boolean => [...ends.values()].some(({ low, high }) => low < high);
    let readAt = Date.now();
    let turn: Promise<void> = Promise.resolve();
    const following = await driver.follow(topic, (partition, messages) => {
      readAt = Date.now();
      const end = ends.get(partition);
      if (end !== undefined) end.low = (messages.at(-1)?.offset ?? 0) + 1;
      turn = turn.then(() => this.take(messages, behind()));
      return turn;
    });
    // the last offsets of a partition may be marks of transactions, which nobody is shown
    while (behind() && Date.now() - readAt < SILENCE_MS) {
      if (following.failure !== null) throw following.failure;
      await sleep(LOOK_MS);
    }
    for (const end of ends.values()) end.low = end.high;
    await turn;
    await this.publish();
    for (const file of before) await rm(file, { force: true });
    return following;
  }

  /** Publishes what changes until the end; a connection that is lost begins again at the beginning of the topic. */
  private async follow(first: KafkaDriver, begun: Following): Promise<void> {
    const { signal } = this.stopping;
    let [driver, following]: [KafkaDriver | null, Following | null] = [first, begun];
    for (let tries = 0; !signal.aborted; ) {
      try {
        driver ??= await this.options.connect();
        following ??= await this.begin(driver);
        tries = 0;
        while (!signal.aborted && following.failure === null) {
          await pause(LOOK_MS, signal);
          if (this.changedAt !== null && Date.now() - this.changedAt >= QUIET_MS) await this.publish();
        }
        if (following.failure !== null) throw following.failure;
      } catch (error) {
        this.options.log('warn', 'inventory topic lost, trying again', { message: messageOf(error) });
        await pause(backoffMs(tries++), signal);
      }
      await following?.stop().catch(() => {});
      await driver?.close().catch(() => {});
      [driver, following] = [null, null];
    }
  }

  private async take(messages: readonly KeyedMessage[], atStart: boolean): Promise<void> {
    for (const { key, value } of messages) {
      if (key === COMPLETE_KEY) {
        if (!atStart && this.marked) await this.publish();
      } else if (!isPath(key)) {
        this.options.log('warn', 'inventory document without a usable key, left out', { key: key.slice(0, NAME_MAX) });
      } else {
        await this.put(key, value);
        this.changedAt = Date.now();
      }
    }
  }

  private async put(path: string, value: Uint8Array | null): Promise<void> {
    const before = this.documents.get(path);
    if (value === null) this.documents.delete(path);
    else {
      const file = join(this.root, `document-${this.files++}`);
      await writeFile(file, value);
      this.documents.set(path, file);
    }
    if (before !== undefined) await rm(before, { force: true });
  }

  private async publish(): Promise<void> {
    this.changedAt = null;
    const version = join(this.root, `version-${++this.published}`);
    await mkdir(version);
    for (const [path, file] of this.documents) {
      await mkdir(dirname(join(version, path)), { recursive: true });
      await link(file, join(version, path));
    }
    const next = join(this.root, 'next');
    await symlink(version, next);
    await rename(next, this.folder);
    await rm(join(this.root, `version-${this.published - 2}`), { recursive: true, force: true });
  }
}

/** A relative path of plain names: nothing outside of the folder, nothing that is hidden. */
function isPath(key: string): boolean {
  return key.length <= NAME_MAX && key.split('/').every((name) => /^[^.\0\\][^\0\\]*$/.test(name));
}
