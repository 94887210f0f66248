import { expect, it } from 'vitest';
import type { Inventory } from '../../../src/inventory/inventory.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { formatAddress } from '../../../src/model/ip.ts';
import { corpusPath, describeCorpus } from '../../support/corpus.ts';

/** How many of each kind a version holds. */
function counts({
  vpcs,
  subnets,
  networkInterfaces,
  securityGroups,
  networkAcls,
  routeTables,
  ...rest
}: Inventory): object {
  return {
    vpcs: vpcs.length,
    subnets: subnets.length,
    networkInterfaces: networkInterfaces.length,
    securityGroups: securityGroups.length,
    rules: securityGroups.reduce((sum, group) => sum + group.rules.length, 0),
    entries: networkAcls.reduce((sum, acl) => sum + acl.entries.length, 0),
    routes: routeTables.reduce((sum, table) => sum + table.routes.length, 0),
    vpcEndpoints: rest.vpcEndpoints.length,
    loadBalancers: rest.loadBalancers.length,
    pods: rest.pods.length,
    services: rest.services.length,
  };
}

describeCorpus('real inventories', () => {
  it('eks-drewpy: every document is recognised, every interface has its kind', async () => {
    const { versions, warnings } = await loadInventory(corpusPath('eks-drewpy-2024-12-20', 'inventory'));
    expect(warnings).toEqual([]);
    const [inventory] = versions;
    if (inventory === undefined) throw new Error('no version');
    expect(counts(inventory)).toEqual({
      vpcs: 1,
      subnets: 8,
      networkInterfaces: 11,
      securityGroups: 6,
      rules: 170,
      entries: 4,
      routes: 5,
      vpcEndpoints: 0,
      loadBalancers: 0,
      pods: 2,
      services: 2,
    });
    const kinds = inventory.networkInterfaces.map((eni) => eni.kind).sort();
    expect(kinds).toEqual([
      ...['eks-control-plane', 'eks-control-plane', 'instance', 'load-balancer', 'load-balancer', 'nat-gateway'],
      ...['node-primary', 'node-primary', 'node-primary', 'node-primary', 'node-secondary'],
    ]);
    expect(
      inventory.pods.map((pod) => [
        pod.name,
        formatAddress(pod.address),
        pod.startSeconds,
        pod.listeners.map((l) => l.port),
      ]),
    ).toEqual([
      ['ingress-gateway-849d8bfd96-6lqkc', '10.0.2.35', Number.NEGATIVE_INFINITY, [30_080, 30_443, 15_021]],
      ['istiod-6fbf849d94-mvlx8', '10.0.1.33', Number.NEGATIVE_INFINITY, [15_010, 15_012, 15_017, 15_014]],
    ]);
  });

  it('cloudmapper-demo: what is not needed is named, the rest is read', async () => {
    const { versions, warnings } = await loadInventory(corpusPath('cloudmapper-demo'));
    const [inventory] = versions;
    if (inventory === undefined) throw new Error('no version');
    expect(counts(inventory)).toEqual({
      vpcs: 1,
      subnets: 4,
      networkInterfaces: 1,
      securityGroups: 8,
      rules: 19,
      entries: 0,
      routes: 0,
      vpcEndpoints: 2,
      loadBalancers: 2,
      pods: 0,
      services: 0,
    });
    expect(
      warnings
        .filter((w) => w.message.startsWith('not recognised'))
        .map((w) => w.file.split('/').at(-1))
        .sort(),
    ).toEqual([
      // what the corpus says of where the files are from
      'ORIGIN',
      'arn%3Aaws%3Aelasticloadbalancing%3Aus-east-1%3A123456789012%3Aloadbalancer%2Fapp%2Fdemo%2Fqwerty',
      'describe-regions.json',
      'ec2-describe-availability-zones.json',
      'ec2-describe-snapshots.json',
      'kafka-list-clusters.json',
      'lambda-list-functions.json',
      'rds-describe-db-instances.json',
      'weblb',
    ]);
    expect(warnings.filter((w) => !w.message.startsWith('not recognised')).map((w) => w.message)).toEqual([
      'network interface eni-00000001 holds 172.31.48.168, outside its subnet subnet-00000001',
    ]);
  });
});
