import { describe, expect, test } from '@jest/globals';
import { onDocker } from '../src/docker/pods.js';
import { quantity } from '../src/docker/quantity.js';
import type { Resources } from '../src/resource.js';
import { overlays, setupJob } from './overlays.js';
import { containerOf, podOf, spoil } from './planted.js';

const http = 'order-http';
const { local } = overlays;

const containers = (resources: Resources) =>
  onDocker(resources, (secret, key) => `${secret}.${key}`).composeFile.services;
const orderHttp = (change: Parameters<typeof spoil<'Deployment'>>[3]) =>
  containers(spoil(local, 'Deployment', http, change))[http];

describe('a pod on a Docker Engine', () => {
  test.each<[string, object, object | undefined]>([
    ['the user of its pod', { user: '1234:1000' }, orderHttp((one) => (podOf(one).securityContext!.runAsUser = 1234))],
    [
      'the user of its container, which goes first',
      { user: '1234:1000' },
      orderHttp((one) => (containerOf(one).securityContext!.runAsUser = 1234)),
    ],
    [
      'a root file system that can be written, when nobody forbids it',
      { read_only: false },
      orderHttp((one) => delete containerOf(one).securityContext!.readOnlyRootFilesystem),
    ],
    [
      'the capabilities that nobody takes',
      { cap_drop: [] },
      orderHttp((one) => delete containerOf(one).securityContext!.capabilities),
    ],
    [
      'privileges that it may get, when nobody forbids it',
      { security_opt: [] },
      orderHttp((one) => delete containerOf(one).securityContext!.allowPrivilegeEscalation),
    ],
    [
      'its limits',
      { cpus: 0.5, mem_limit: 100 * 2 ** 20, memswap_limit: 100 * 2 ** 20 },
      orderHttp((one) => (containerOf(one).resources!.limits = { cpu: '500m', memory: '100Mi' })),
    ],
    [
      'its share of the machine',
      { cpu_shares: 256 },
      orderHttp((one) => (containerOf(one).resources!.requests!['cpu'] = '250m')),
    ],
    [
      'what preStop leaves of its grace period',
      { stop_grace_period: '40s' },
      orderHttp((one) => {
        podOf(one).terminationGracePeriodSeconds = 47;
        containerOf(one).lifecycle!.preStop!.sleep!.seconds = 7;
      }),
    ],
    ['its command', { entrypoint: ['node'] }, orderHttp((one) => (containerOf(one).command = ['node']))],
  ])('has %s', (_what, expected, container) => {
    expect(container).toMatchObject(expected);
  });

  test('writes where its manifest lets it, and nowhere else', () => {
    expect(containers(local)[http]).toMatchObject({ tmpfs: [], volumes: [], read_only: true });
    expect(containers(local)['rabbitmq']).toMatchObject({
      tmpfs: expect.arrayContaining(['/tmp:exec,mode=0777']),
      volumes: ['rabbitmq-data:/var/lib/rabbitmq/mnesia'],
    });
    expect(() => orderHttp((one) => (containerOf(one).volumeMounts = [{ name: 'host', mountPath: '/etc' }]))).toThrow(
      'order-http mounts host, which Docker has nothing like.',
    );
  });

  test('has its secrets, and a dollar in them is one', () => {
    const { composeFile } = onDocker(local, () => 'four$');
    expect(composeFile.services[http]!.environment).toMatchObject({
      ADMIN_TOKEN: 'four$$',
      DATABASE_URL: expect.stringContaining(':four$$@order-db-rw:5432/'),
    });
  });

  test('that is a Job is tried again as often as the Job would be, and any other for ever', () => {
    const { [setupJob()]: setup, [http]: order } = containers(local);
    expect([setup!.restart, order!.restart]).toEqual(['on-failure:10', 'always']);
  });

  test('is reached by the names and ports of Services', () => {
    const { composeFile, pods, forwards } = onDocker(local, () => 'secret');
    const at = composeFile.services['payment-consumers']!.extra_hosts['payment-provider'];
    const provider = pods.find(({ name }) => name === 'payment-provider')!;
    expect(forwards).toContainEqual({ from: at, fromPort: 80, to: provider.address, toPort: 8080 });
    expect(provider.probes).toEqual({
      startup: `http://${provider.address}:8080/health/live`,
      liveness: `http://${provider.address}:8080/health/live`,
      readiness: `http://${provider.address}:8080/health/ready`,
    });
  });
});

test('quantities are numbers', () => {
  expect(['1', '250m', '1.5', '384Mi', '2Gi', '1k'].map(quantity)).toEqual([
    1,
    0.25,
    1.5,
    384 * 2 ** 20,
    2 ** 31,
    1000,
  ]);
  expect(() => quantity('much')).toThrow('much is no quantity that is known here.');
});
