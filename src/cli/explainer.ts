import { type CompiledInventory, type CompiledVersion, compileInventory } from '../engine/versions.ts';
import { type Endpoint, findEndpoint } from '../explain/endpoint.ts';
import { explain } from '../explain/explain.ts';
import type { Explanation } from '../explain/explanation.ts';
import { absenceText } from '../explain/lifetime.ts';
import { isPacket } from '../explain/source-nat.ts';
import type { ExplainTables } from '../explain/tables.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { loadInventory } from '../inventory/load.ts';
import { FlowtrieError } from '../model/errors.ts';
import { drawExplanation } from './draw.ts';
import type { FlowQuestion } from './flow-question.ts';
import { printWarnings } from './warnings.ts';

/** Answers questions about flows against one inventory. */
export interface Explainer {
  /** One JSON object on one line. */
  json(question: FlowQuestion): string;
  /** Text for people: the path drawn, every layer below it. */
  text(question: FlowQuestion): string;
}

export async function openExplainer(folder: string, verbose: boolean): Promise<Explainer> {
  const compiled = compileInventory(await loadInventory(folder));
  printWarnings(compiled.warnings, verbose);
  return {
    json: (question) => JSON.stringify(answer(compiled, question).explanation),
    text: (question) => {
      const { explanation, from, to, tables } = answer(compiled, question);
      return drawExplanation(tables, question, from, to, explanation);
    },
  };
}

interface Answer {
  readonly tables: ExplainTables;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly explanation: Explanation;
}

function answer(compiled: CompiledInventory, question: FlowQuestion): Answer {
  const version = versionAt(compiled, question.atSeconds);
  const tables = { inventory: version.inventory, view: version.view, catalog: version.catalog };
  const { from, to } = endsOf(version, question);
  const explanation = explain(tables, {
    id: question.id,
    from,
    to,
    protocol: question.protocol,
    srcPort: question.srcPort,
    dstPort: question.dstPort,
    icmp: { type: question.icmpType, code: question.icmpCode },
    atSeconds: question.atSeconds,
  });
  return { tables, from, to, explanation };
}

function versionAt(compiled: CompiledInventory, atSeconds: number | null): CompiledVersion {
  const { versions } = compiled;
  const found = atSeconds === null ? versions.at(-1) : versions.findLast((v) => v.shared.validFromSeconds <= atSeconds);
  const version = found ?? versions[0];
  if (version === undefined) throw new Error('an inventory has at least one version');
  return version;
}

/** An end that the question leaves open. */
const ANYWHERE: Endpoint = { address: null, publicAddress: null, eni: -1, pod: null };

interface Ends {
  readonly from: Endpoint;
  readonly to: Endpoint;
}

/**
 * Both ends, the sender first. Where one leaves a choice the other decides: the VPC of an address that several hold,
 * the address of a name that has some of both families.
 */
function endsOf({ inventory }: CompiledVersion, question: FlowQuestion): Ends {
  const vpcOf = ({ eni }: Endpoint): string | null => inventory.networkInterfaces[eni]?.vpcId ?? null;
  const alone = endOf(inventory, question, 'from', null, null);
  const to = endOf(inventory, question, 'to', vpcOf(alone), familyOf(alone));
  const isOpen = (alone.eni < 0 && to.eni >= 0) || familyOf(alone) !== familyOf(to);
  const vpcId = alone.eni < 0 ? vpcOf(to) : null;
  const from = isOpen ? endOf(inventory, question, 'from', vpcId, familyOf(to)) : alone;
  if (isPacket(inventory, from, to)) return { from, to };
  const [source, target] = question.place === 'explain' ? ['--from', '--to'] : ['src', 'dst'];
  const left = `${source} '${question.from}' is IPv${familyOf(from)}`;
  const right = `${target} '${question.to}' is IPv${familyOf(to)}`;
  throw wrong(question, `${left}, ${right}: no packet has addresses of both`);
}

function endOf(
  inventory: Inventory,
  question: FlowQuestion,
  end: 'from' | 'to',
  vpcId: string | null,
  family: 4 | 6 | null,
): Endpoint {
  const text = question[end];
  if (text === null) return ANYWHERE;
  const found = findEndpoint(inventory, text, question.atSeconds, vpcId, family);
  if (found !== undefined) return found;
  const absence = absenceText(inventory, text, question.atSeconds);
  throw wrong(question, absence ?? `'${text}' is no address, interface or pod of the inventory`);
}

function familyOf({ address, publicAddress }: Endpoint): 4 | 6 | null {
  return (publicAddress ?? address)?.family ?? null;
}

function wrong({ place }: FlowQuestion, why: string): FlowtrieError {
  return new FlowtrieError(place === 'explain' ? 'usage' : 'input', `${place}: ${why}`);
}
