import { type CompiledInventory, type CompiledVersion, compileInventory } from '../engine/versions.ts';
import { type Endpoint, findEndpoint } from '../explain/endpoint.ts';
import { explain } from '../explain/explain.ts';
import type { Explanation } from '../explain/explanation.ts';
import { absenceText } from '../explain/lifetime.ts';
import type { ExplainTables } from '../explain/tables.ts';
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

/** Both ends; an address of several VPCs is that of the VPC where the other end is, the sender's first. */
function endsOf(version: CompiledVersion, question: FlowQuestion): { from: Endpoint; to: Endpoint } {
  const vpcOf = ({ eni }: Endpoint): string | null => version.inventory.networkInterfaces[eni]?.vpcId ?? null;
  const from = endOf(version, question.from, question, null);
  const to = endOf(version, question.to, question, vpcOf(from));
  return { from: from.eni < 0 && to.eni >= 0 ? endOf(version, question.from, question, vpcOf(to)) : from, to };
}

function endOf(version: CompiledVersion, text: string | null, question: FlowQuestion, vpcId: string | null): Endpoint {
  if (text === null) return ANYWHERE;
  const found = findEndpoint(version.inventory, text, question.atSeconds, vpcId);
  if (found === undefined) {
    const code = question.place === 'explain' ? 'usage' : 'input';
    const absence = absenceText(version.inventory, text, question.atSeconds);
    const why = absence ?? `'${text}' is no address, interface or pod of the inventory`;
    throw new FlowtrieError(code, `${question.place}: ${why}`);
  }
  return found;
}
