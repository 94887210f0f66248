import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CompiledVersion, compileInventory } from '../../src/engine/versions.ts';
import { findEndpoint } from '../../src/explain/endpoint.ts';
import { explain } from '../../src/explain/explain.ts';
import type { Explanation, Forward } from '../../src/explain/explanation.ts';
import { inventoryFromDocuments } from '../../src/inventory/load.ts';
import { inventoryFolder } from '../conformance/case.ts';

const FOLDER = inventoryFolder('node-ports');
const CLIENT = '10.20.0.10';

/** A document of the inventory `node-ports`, or what a test puts in its place; null = left out. */
export type Changes = Readonly<Record<string, (document: never) => unknown>>;

/** The inventory `node-ports` with some of its documents (by file name) changed. */
export function nodePorts(changes: Changes = {}): CompiledVersion {
  const documents = readdirSync(FOLDER).flatMap((file) => {
    const document = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as never;
    const content = changes[file] === undefined ? document : changes[file](document);
    return content === null ? [] : [{ file, content }];
  });
  const [version] = compileInventory(inventoryFromDocuments(documents)).versions;
  if (version === undefined) throw new Error('no version');
  return version;
}

export const AWS_NODE = 'kubectl-get-daemonset-aws-node.json';

/** Settings of aws-node with security groups of pods enforced in this mode. */
export function branchMode(value: string): Changes {
  const env = [{ name: 'POD_SECURITY_GROUP_ENFORCING_MODE', value }];
  const metadata = { namespace: 'kube-system', name: 'aws-node', uid: 'd1' };
  const spec = { template: { spec: { containers: [{ name: 'aws-node', env }] } } };
  return { [AWS_NODE]: () => ({ kind: 'DaemonSet', metadata, spec }) };
}

/** `askNode(version, '10.20.1.10', 30_080)`: from the client, over TCP. */
export function askNode(
  version: CompiledVersion,
  to: string,
  dstPort: number,
  { from = CLIENT, protocol = 6 }: { readonly from?: string; readonly protocol?: number } = {},
): Explanation {
  const end = (text: string): NonNullable<ReturnType<typeof findEndpoint>> => {
    const found = findEndpoint(version.inventory, text, null);
    if (found === undefined) throw new Error(`no end ${text}`);
    return found;
  };
  const tables = { inventory: version.inventory, view: version.view, catalog: version.catalog };
  const icmp = { type: null, code: null };
  return explain(tables, { id: null, from: end(from), to: end(to), protocol, srcPort: 40_000, dstPort, icmp });
}

/** Endpoints in short: `shop/web-1 10.20.1.11:8080 ready from 10.20.1.10 inside: allow delivered`. */
export function shortForwards({ forwards }: Pick<Explanation, 'forwards'>): string[] {
  return forwards.map((one: Forward) => {
    const place = one.same_node ? 'inside' : `by ${one.at}`;
    const name = `${one.pod} ${one.target}:${one.port} ${one.health}`;
    return `${name} from ${one.source} ${place}: ${one.verdict} ${one.outcome}`;
  });
}
