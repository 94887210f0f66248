import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileInventory, type SharedVersion } from '../src/engine/versions.ts';
import type { Inventory, PodInterval } from '../src/inventory/inventory.ts';
import { inventoryFromDocuments } from '../src/inventory/load.ts';
import { buildPodMap } from '../src/pods/build.ts';
import { addressOf, lifeOf, type PodWorld, SOFT_AFTER, SOFT_BEFORE } from './pod-world.ts';

/** Bytes the table of 200,000 addresses with 5 million intervals may take. */
const TABLE_BYTES_MAX = 100_000_000;

const TABLE = 'pod-map.bin';

/** The interface that logs; its own address is asked about by nobody. */
const INTERFACE = {
  NetworkInterfaceId: 'eni-0001',
  VpcId: 'vpc-1',
  SubnetId: 'subnet-1',
  PrivateIpAddress: '10.255.0.1',
  PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: '10.255.0.1' }],
  Groups: [],
};
const VPC = { VpcId: 'vpc-1', CidrBlock: '10.0.0.0/8' };

/**
 * Builds flowtrie's table from an inventory of all pods and keeps it in a file, once for all runs: the objects of five
 * million pods take far more memory and time than looking them up.
 */
export function writePodTable(folder: string, world: PodWorld): { readonly bytes: number; readonly seconds: number } {
  const inventory = { ...emptyInventory(), pods: podsOf(world) };
  const startedAt = performance.now();
  const { buffer, byteLength } = buildPodMap(inventory);
  const seconds = (performance.now() - startedAt) / 1000;
  if (byteLength > TABLE_BYTES_MAX) throw new Error(`the table takes ${byteLength} bytes`);
  writeFileSync(join(folder, TABLE), new Uint8Array(buffer, 0, byteLength));
  return { bytes: byteLength, seconds };
}

/** The version as a worker gets it: everything else compiled, the pods from the file. */
export function readPodTable(folder: string): SharedVersion {
  const [version] = compileInventory({ versions: [emptyInventory()], warnings: [] }).versions;
  if (version === undefined) throw new Error('no version');
  const stored = readFileSync(join(folder, TABLE));
  const pods = new SharedArrayBuffer(stored.length);
  new Uint8Array(pods).set(stored);
  return { ...version.shared, pods, podsBytes: stored.length };
}

function emptyInventory(): Inventory {
  const documents = [
    { file: 'vpcs.json', content: { Vpcs: [VPC] } },
    { file: 'network-interfaces.json', content: { NetworkInterfaces: [INTERFACE] } },
  ];
  const [inventory] = inventoryFromDocuments(documents).versions;
  if (inventory === undefined) throw new Error('no version');
  return inventory;
}

function podsOf(world: PodWorld): PodInterval[] {
  const pods: PodInterval[] = [];
  for (let index = 0; index < world.addresses; index++) {
    const address = { family: 4, words: [addressOf(index)] } as const;
    for (let life = 0; life < world.lives; life++) {
      const { start, end } = lifeOf(index, life);
      pods.push(podAt(String(life), address, start, end));
    }
  }
  return pods;
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
    softStartSeconds: start - SOFT_BEFORE,
    softEndSeconds: end + SOFT_AFTER,
    sources: SOURCES,
    listeners: NONE,
    hostListeners: NONE,
    services: NONE,
  };
}

const SOURCES = ['audit'] as const;
const NONE: readonly never[] = [];
