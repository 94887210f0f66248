import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { awsDocuments } from './aws-documents.ts';
import { madeFile } from './earlier-result.ts';
import { kubernetesDocuments, POD_LIST, podHistory } from './kubernetes-documents.ts';
import { type HistoryKind, historyFiles } from './pod-histories.ts';
import type { World } from './world.ts';

/** Text gathered before it is handed to the file. */
const PIECE_CHARS = 256 * 1024;

/**
 * Writes `DIR/inventory/`: what `aws … describe-*` and `kubectl get … -o json` would print, and the pod history. With
 * `histories` the lives of pods are told in those forms only, and no list shows the pods of the end.
 */
export async function writeWorld(world: World, dir: string, histories: readonly HistoryKind[] = []): Promise<void> {
  const folder = join(dir, 'inventory');
  await mkdir(folder, { recursive: true });
  const made = (file: string): string => madeFile(dir, `inventory/${file}`);
  for (const { file, key, items, siblings } of awsDocuments(world)) {
    const head = Object.entries(siblings ?? {}).map(([name, value]) => `"${name}": "${value}",\n  `);
    await writeText(made(file), listText(`{\n  ${head.join('')}"${key}": [`, items));
  }
  for (const { file, items } of kubernetesDocuments(world)) {
    if (histories.length > 0 && file === POD_LIST) continue;
    await writeText(
      made(file),
      listText(
        '{\n  "apiVersion": "v1",\n  "kind": "List",\n  "metadata": {"resourceVersion": ""},\n  "items": [',
        items,
      ),
    );
  }
  if (histories.length === 0) await writeText(made('pod-history.csv'), podHistory(world));
  for (const { file, pieces } of histories.flatMap((kind) => historyFiles(world, kind))) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeText(made(file), pieces);
  }
}

function* listText(head: string, items: Iterable<unknown>): Iterable<string> {
  yield head;
  let separator = '\n    ';
  for (const item of items) {
    yield separator + JSON.stringify(item);
    separator = ',\n    ';
  }
  yield '\n  ]\n}\n';
}

async function writeText(path: string, pieces: Iterable<string>): Promise<void> {
  const file = createWriteStream(path);
  const done = finished(file);
  // whoever awaits it hears of the failure; until then it is not unhandled
  done.catch(() => {});
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < PIECE_CHARS) continue;
    if (!file.write(text)) await Promise.race([once(file, 'drain'), done]);
    text = '';
  }
  file.end(text);
  await done;
}
