import type { Peer } from '../inventory/inventory.ts';
import type { Address } from '../model/ip.ts';
import type { Endpoint } from './endpoint.ts';
import type { ExplainStep } from './explanation.ts';
import type { Scene, Site } from './scene.ts';
import { groupStep } from './steps.ts';

/**
 * Security groups of a target that sees the address of the balancer's client: rules for that address count, and those
 * that name a group of the balancer itself ("Update the security groups for your Network Load Balancer"). Whether a
 * rule counts that names only a group of the client is not documented.
 */
export function passedOnStep(scene: Scene, site: Site, client: Address | null, balancer: Endpoint): ExplainStep {
  const { inventory, catalog } = scene.tables;
  const byClient = groupStep(scene, site, 'ingress', client);
  if (byClient.verdict === 'none') return byClient;
  const byBalancer = groupStep(scene, site, 'ingress', balancer.address);
  const own = inventory.networkInterfaces[balancer.eni]?.groups ?? [];
  const peers = new Map(catalog.rules.flatMap((r) => (r.layer === 'sg' ? [[r.id, r.rule.peer] as const] : [])));
  const isGroup = (peer: Peer | undefined): boolean => peer?.kind === 'group';
  const ofBalancer = byBalancer.matched.filter((id) => {
    const peer = peers.get(id);
    return peer?.kind === 'group' && own.includes(peer.id);
  });
  const ofClient = byClient.matched.filter((id) => !isGroup(peers.get(id)));
  // the deciding rule is the first of a step's rules: one that stays decides still
  if (byClient.verdict === 'allow' && byClient.rule !== null && ofClient.includes(byClient.rule)) {
    return { ...byClient, matched: [...new Set([...ofClient, ...ofBalancer])] };
  }
  const matched = [...new Set([...ofBalancer, ...ofClient])];
  const [first] = ofBalancer;
  const isPortKnown = scene.flow.dstPort !== null;
  if (byBalancer.verdict === 'allow' && first !== undefined && isPortKnown)
    return { ...byBalancer, rule: first, matched };
  const sure = ofClient.find((id) => peers.get(id)?.kind === 'cidr');
  if (byClient.verdict === 'allow' && sure !== undefined) return { ...byClient, rule: sure, matched };
  const { verdict, rule: _, ...rest } = byClient;
  if (verdict === 'deny' && ofBalancer.length === 0) return { ...byClient, matched };
  const doubt = `client-group-behind-balancer: whether rules for the client's own groups hold is not documented`;
  const why = verdict === 'allow' ? [doubt] : (byClient.unknown ?? byBalancer.unknown ?? []);
  return { ...rest, verdict: 'unknown', rule: null, matched: byClient.matched, unknown: why };
}
