import { followsTheArrows } from '../../src/policies/arrows.js';
import { overlays, setupJob } from '../overlays.js';
import { setVariable, spoil, without } from '../planted.js';
import type { Violation } from './violation.js';

const { local, production } = overlays;
const setup = setupJob();
const http = 'order-http';

export const networkViolations: readonly Violation[] = [
  [
    'nothing is denied',
    followsTheArrows,
    without(production, 'NetworkPolicy', 'default-deny'),
    `stranger -> ${setup}:9 is allowed, and nobody needs it.`,
  ],
  [
    'a service may go anywhere',
    followsTheArrows,
    spoil(local, 'NetworkPolicy', 'order-to-database', ({ spec }) => (spec!.egress = [{}])),
    'order-http -> gateway:9 is allowed, and nobody needs it.',
  ],
  [
    'a service may reach a database of another, at both ends',
    followsTheArrows,
    spoil(
      spoil(production, 'NetworkPolicy', 'order-to-database', ({ spec }) => {
        spec!.egress![0]!.to![0]!.podSelector!.matchLabels = { 'database.quadrille.dev/payment': 'true' };
      }),
      'NetworkPolicy',
      'database-from-payment',
      ({ spec }) =>
        spec!.ingress![0]!.from!.push({ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'order' } } }),
    ),
    'order-http -> payment-db:5432 is allowed, and nobody needs it.',
  ],
  [
    'a rule names no port',
    followsTheArrows,
    spoil(production, 'NetworkPolicy', 'http-from-gateway', ({ spec }) => delete spec!.ingress![0]!.ports),
    'gateway -> order-http:9 is allowed, and nobody needs it.',
  ],
  [
    'a database is elsewhere than the policies think',
    followsTheArrows,
    spoil(production, 'Cluster', 'order-db', ({ spec }) => (spec.inheritedMetadata.labels = {})),
    'order-http -> order-db:5432 is needed, and not allowed.',
  ],
  [
    'the provider cannot call back',
    followsTheArrows,
    without(local, 'NetworkPolicy', 'payment-from-provider'),
    'payment-provider -> payment-http:8080 is needed, and not allowed.',
  ],
  [
    'nobody may ask for names',
    followsTheArrows,
    without(production, 'NetworkPolicy', 'dns'),
    'order-http -> dns:53 is needed, and not allowed.',
  ],
  [
    'what is configured changes',
    followsTheArrows,
    spoil(production, 'Deployment', http, (one) => setVariable(one, 'OTEL_EXPORTER_OTLP_ENDPOINT', '')),
    'order-http -> observability:4318 is allowed, and nobody needs it.',
  ],
  [
    'payment may look around in the private network',
    followsTheArrows,
    spoil(
      production,
      'NetworkPolicy',
      'payment-to-stripe',
      ({ spec }) => delete spec!.egress![0]!.to![0]!.ipBlock!.except,
    ),
    'payment-http -> Kubernetes:443 is allowed, and nobody needs it.',
  ],
];
