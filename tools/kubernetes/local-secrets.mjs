import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

// `node tools/kubernetes/local-secrets.mjs | kubectl apply -f -`: the Secrets that k8s/overlays/local waits for. They are drawn once and kept
// in this clone, where git ignores them and their owner alone can read them, because servers keep the passwords that they began with.
const kept = process.argv[2] ?? fileURLToPath(new URL('../../.quadrille/kubernetes/secrets.json', import.meta.url));
const random = () => randomBytes(24).toString('base64url');

const drawn = {
  'postgres-admin': { password: random() },
  'rabbitmq-default-user': { username: 'quadrille', password: random() },
  ...Object.fromEntries(
    ['order', 'inventory', 'payment'].flatMap((service) => [
      [`${service}-database`, { username: `quadrille_${service}`, password: random() }],
      [`${service}-database-owner`, { username: `quadrille_${service}_owner`, password: random() }],
      [`${service}-broker`, { password: random() }],
      [`${service}-secrets`, { 'admin-token': random() }],
    ]),
  ),
};
Object.assign(drawn['order-secrets'], { 'contact-master-key': randomBytes(32).toString('base64') });
Object.assign(drawn['payment-secrets'], {
  'stripe-secret-key': `sk_test_${randomBytes(18).toString('hex')}`,
  'stripe-webhook-secret': `whsec_${randomBytes(18).toString('hex')}`,
});

if (!existsSync(kept)) {
  mkdirSync(dirname(kept), { recursive: true });
  writeFileSync(kept, `${JSON.stringify(drawn, null, 2)}\n`, { mode: 0o600 });
}
const items = Object.entries(JSON.parse(readFileSync(kept, 'utf8'))).map(([name, stringData]) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'quadrille', labels: { 'app.kubernetes.io/part-of': 'quadrille' } },
  stringData,
}));
console.log(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 2));
