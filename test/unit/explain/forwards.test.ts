import { expect, test } from 'vitest';
import { allow, ask, compiled, eni, group, network } from './asked.ts';

const ARN = 'arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/net/shop/1';
const GROUP = 'arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/shop/2';

test('a load balancer forwards on to each target of its listener, from its own address', () => {
  const version = compiled(
    network({
      NetworkInterfaces: [
        eni('eni-web', 'subnet-pub', '10.0.0.10'),
        eni('eni-nlb', 'subnet-pub', '10.0.0.50', {
          groups: ['sg-open'],
          type: 'network_load_balancer',
          more: { Description: 'ELB net/shop/1' },
        }),
        eni('eni-t1', 'subnet-priv', '10.0.1.11', { groups: ['sg-target'] }),
        eni('eni-t2', 'subnet-priv', '10.0.1.12', {
          groups: ['sg-shut'],
          more: { Attachment: { InstanceId: 'i-2', DeviceIndex: 0 } },
        }),
      ],
      SecurityGroups: [
        group('sg-open', [allow('0.0.0.0/0')], [allow('0.0.0.0/0')]),
        group('sg-target', [allow('10.0.0.50/32', 8080)], []),
        group('sg-shut', [], []),
      ],
      LoadBalancers: [{ LoadBalancerArn: ARN, LoadBalancerName: 'shop' }],
      Listeners: [
        {
          LoadBalancerArn: ARN,
          Port: 443,
          Protocol: 'TCP',
          DefaultActions: [{ Type: 'forward', TargetGroupArn: GROUP }],
        },
      ],
      TargetGroups: [{ TargetGroupArn: GROUP, TargetGroupName: 'shop', Port: 8080, TargetType: 'ip' }],
      TargetGroupArn: GROUP,
      TargetHealthDescriptions: [
        { Target: { Id: '10.0.1.11', Port: 8080 }, TargetHealth: { State: 'healthy' } },
        { Target: { Id: 'i-2', Port: 8080 }, TargetHealth: { State: 'unhealthy' } },
      ],
    }),
  );
  const asked = ask(version, 'eni-web', '10.0.0.50', 443);
  expect(asked).toMatchObject({ verdict: 'allow', outcome: 'delivered' });
  expect(asked.forwards).toMatchObject([
    { target: '10.0.1.11', port: 8080, health: 'healthy', verdict: 'allow', outcome: 'delivered' },
    { target: 'i-2', port: 8080, health: 'unhealthy', verdict: 'deny', outcome: 'denied' },
  ]);
  expect(ask(version, 'eni-web', '10.0.0.50', 80).forwards).toEqual([]);
});
