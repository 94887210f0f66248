import { readFileSync } from 'node:fs';
import type { Inventory, PodInterval } from '../../src/inventory/inventory.ts';
import { inventoryFromDocuments } from '../../src/inventory/load.ts';
import { buildPodMap } from '../../src/pods/build.ts';
import { ownerEntry4, resolvePod } from '../../src/pods/lookup.ts';
import { attachPodMap } from '../../src/pods/pod-map.ts';
import type { ReadyJob, Turn } from '../measurement.ts';
import { addressOf, lifeOf, type PodWorld, queriesOf, WINDOW_SECONDS } from '../pod-world.ts';

/** Bytes the table of 200,000 addresses with 5 million intervals may take. */
const TABLE_BYTES_MAX = 100_000_000;

/** flowtrie's table, built by flowtrie from an inventory; its pods keep their numbers. */
export async function readyPodMap(turn: Turn): Promise<ReadyJob> {
  const world = JSON.parse(readFileSync(turn.files[0] ?? '', 'utf8')) as PodWorld;
  const built = buildPodMap(inventoryOf(world));
  if (built.byteLength > TABLE_BYTES_MAX) throw new Error(`the table takes ${built.byteLength} bytes`);
  const view = attachPodMap(built.buffer, 0, built.byteLength);
  const { address, start } = queriesOf(world);
  return {
    async run() {
      let sum = 0;
      for (let q = 0; q < address.length; q++) {
        const entry = ownerEntry4(view, 0, address[q] ?? 0);
        if (entry >= 0) sum += resolvePod(view, entry, start[q] ?? 0, (start[q] ?? 0) + WINDOW_SECONDS) + 1;
      }
      return { records: address.length, bytes: sum };
    },
  };
}

function inventoryOf(world: PodWorld): Inventory {
  const vpc = { Vpcs: [{ VpcId: 'vpc-1', CidrBlock: '10.0.0.0/8' }] };
  const [inventory] = inventoryFromDocuments([{ file: 'vpcs.json', content: vpc }]).versions;
  if (inventory === undefined) throw new Error('no version');
  const pods: PodInterval[] = [];
  for (let index = 0; index < world.addresses; index++) {
    const address = { family: 4, words: [addressOf(index)] } as const;
    for (let life = 0; life < world.lives; life++) {
      const { start, end } = lifeOf(index, life);
      const name = String(life);
      pods.push(podAt(name, address, start, end));
    }
  }
  return { ...inventory, pods };
}

/** One literal: objects made by spreading take several times the memory, and there are five million. */
function podAt(name: string, address: PodInterval['address'], start: number, end: number): PodInterval {
  return {
    namespace: 'shop',
    name,
    uid: null,
    workload: null,
    nodeName: null,
    isNodeTold: false,
    serviceAccount: null,
    vpcId: 'vpc-1',
    eniId: null,
    address,
    hostNetwork: false,
    startSeconds: start,
    endSeconds: end,
    softStartSeconds: start - 2,
    softEndSeconds: end + 1,
    sources: SOURCES,
    listeners: NONE,
    hostListeners: NONE,
    services: NONE,
  };
}

const SOURCES = ['audit'] as const;
const NONE: readonly never[] = [];
