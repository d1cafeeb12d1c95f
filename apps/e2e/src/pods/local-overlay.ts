import type { ServiceName } from '@quadrille/contracts';
import { buildOverlay, onDocker, type OnDocker } from '@quadrille/kubernetes';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const generator = fileURLToPath(new URL('../../../../tools/kubernetes/local-secrets.mjs', import.meta.url));
const secretList = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string() }), stringData: z.record(z.string(), z.string()) })),
});

/** What somebody needs who looks into the servers. */
export interface Access {
  readonly adminToken: string;
  readonly databases: Record<ServiceName, string>;
  readonly amqpUrl: string;
}

/** The overlay `local` for a Docker Engine, with secrets that are drawn for this one time. */
export function localOverlay(): { readonly plan: OnDocker; readonly access: Access } {
  const secrets = drawSecrets();
  const secret = (name: string, key: string) => {
    // Each service has an administrator of its own; the clients of a rehearsal know one.
    const owner = key === 'admin-token' ? 'order-secrets' : name;
    const value = secrets.get(owner)?.[key];
    if (value === undefined) throw new Error(`${key} of the Secret ${name} is drawn by nobody`);
    return value;
  };
  const plan = onDocker(buildOverlay('k8s/overlays/local'), secret);
  const addressOf = (name: string) => plan.pods.find((pod) => pod.name === name)?.address ?? '';
  const database = (service: ServiceName) =>
    `postgres://quadrille_${service}:${secret(`${service}-database`, 'password')}@${addressOf('postgres')}:5432/quadrille_${service}`;
  const broker = ['username', 'password'].map((key) => secret('rabbitmq-default-user', key)).join(':');
  return {
    plan,
    access: {
      adminToken: secret('order-secrets', 'admin-token'),
      databases: { order: database('order'), inventory: database('inventory'), payment: database('payment') },
      amqpUrl: `amqp://${broker}@${addressOf('rabbitmq')}:5672/`,
    },
  };
}

function drawSecrets() {
  const directory = mkdtempSync(join(tmpdir(), 'quadrille-pods-'));
  try {
    const said = execFileSync(process.execPath, [generator, join(directory, 'secrets.json')], { encoding: 'utf8' });
    const { items } = secretList.parse(JSON.parse(said));
    return new Map(items.map(({ metadata, stringData }) => [metadata.name, stringData]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
