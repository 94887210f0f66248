import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { readSettings } from '../../../src/cli/stream-settings.ts';
import { METRICS } from '../../../src/stream/metrics.ts';

const DEPLOY = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const NAME = 'app.kubernetes.io/name';

const dashboard = z
  .object({
    panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })),
    templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.string() })) }),
  })
  .parse(JSON.parse(readFileSync(join(DEPLOY, 'grafana', 'flowtrie-stream.json'), 'utf8')));

const manifest = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string().optional() }).optional(),
});
const documents = readdirSync(join(DEPLOY, 'kubernetes')).flatMap((file) =>
  parseAllDocuments(readFileSync(join(DEPLOY, 'kubernetes', file), 'utf8')).map((document) => {
    expect(document.errors, file).toEqual([]);
    return manifest.parse(document.toJS());
  }),
);
const ofKind = (kind: string): z.infer<typeof manifest> => {
  const found = documents.find((document) => document.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
};

const POD = z.object({
  spec: z.object({
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.object({
        terminationGracePeriodSeconds: z.number(),
        securityContext: z.object({ runAsNonRoot: z.literal(true) }),
        containers: z.tuple([
          z.object({
            args: z.array(z.string()),
            ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
            readinessProbe: z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) }),
            livenessProbe: z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) }),
            volumeMounts: z.array(z.object({ mountPath: z.string() })),
          }),
        ]),
      }),
    }),
  }),
});

describe('the Grafana dashboard', () => {
  const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

  it('asks for metrics that are there, by labels that they have', () => {
    const used = new Set<string>();
    for (const expr of expressions) {
      for (const [, name = '', selector = ''] of expr.matchAll(/\b(flowtrie_\w+)\{([^}]*)\}/g)) {
        used.add(name);
        const labels = METRICS[name]?.labels ?? [];
        const asked = [...selector.matchAll(/(\w+)=/g)].map(([, label]) => label).filter((label) => label !== 'job');
        const grouped = (/by \(([^)]*)\)/.exec(expr)?.[1] ?? '').split(',').map((label) => label.trim());
        expect(METRICS[name], `${name} in ${expr}`).toBeDefined();
        expect(labels, expr).toEqual(expect.arrayContaining([...asked, ...grouped.filter((label) => label !== '')]));
      }
    }
    expect([...used].sort()).toEqual(Object.keys(METRICS).sort());
  });

  it('takes rates of counters only', () => {
    for (const expr of expressions) {
      for (const [, name = ''] of expr.matchAll(/rate\((flowtrie_\w+)/g)) {
        // an offset only grows, too
        if (name !== 'flowtrie_partition_offset') expect(METRICS[name]?.type, expr).toBe('counter');
      }
    }
  });
});

describe('the Kubernetes manifests', () => {
  const pod = POD.parse(ofKind('Deployment')).spec.template;
  const [container] = pod.spec.containers;

  it('hold settings that the command takes', () => {
    const { data } = z.object({ data: z.record(z.string(), z.string()) }).parse(ofKind('ConfigMap'));
    const file = join(mkdtempSync(join(tmpdir(), 'flowtrie-deploy-')), 'flowtrie.yaml');
    writeFileSync(file, data['flowtrie.yaml'] ?? '');
    const settings = readSettings({}, {}, file);
    expect(container.ports[0]).toEqual({ name: 'metrics', containerPort: Number(settings.http?.slice(1)) });
    expect(container.args).toEqual(['stream', '--config', '/etc/flowtrie/flowtrie.yaml']);
    expect(container.volumeMounts.map(({ mountPath }) => mountPath)).toEqual(
      expect.arrayContaining([settings.inventory, '/etc/flowtrie', '/tmp']),
    );
    const triggers = z.object({
      spec: z.object({ triggers: z.tuple([z.object({ metadata: z.record(z.string(), z.string()) })]) }),
    });
    const [{ metadata }] = triggers.parse(ofKind('ScaledObject')).spec.triggers;
    expect(metadata).toMatchObject({
      bootstrapServers: settings.kafka.brokers.join(','),
      consumerGroup: settings.kafka.group,
      topic: settings.kafka.topics[0],
    });
  });

  it('probe what is served, and leave time to commit', () => {
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'metrics' });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'metrics' });
    expect(pod.spec.terminationGracePeriodSeconds).toBeGreaterThan(30);
  });

  it('select the pods of the deployment', () => {
    const label = pod.metadata.labels[NAME];
    expect(label).toBe('flowtrie-stream');
    for (const kind of ['PodDisruptionBudget', 'NetworkPolicy'])
      expect(JSON.stringify(ofKind(kind))).toContain(`"matchLabels":{"${NAME}":"${label}"}`);
  });

  it('are all named in the kustomization', () => {
    const { resources } = z.object({ resources: z.array(z.string()) }).parse(ofKind('Kustomization'));
    const files = readdirSync(join(DEPLOY, 'kubernetes')).filter((file) => file !== 'kustomization.yaml');
    expect([...resources].sort()).toEqual(files.sort());
  });
});
