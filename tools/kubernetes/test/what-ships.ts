import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupConfiguration } from '@quadrille/cluster';
import { OrderConfiguration } from '@quadrille/order/configuration';
import { environment as providerEnvironment, readEnvironment } from '@quadrille/payment-provider/environment';
import { PaymentConfiguration } from '@quadrille/payment/configuration';
import {
  HealthController,
  MetricsController,
  ServiceConfiguration,
  type ConfigurationClass,
} from '@quadrille/service-host';
import { root } from '../src/kustomize.js';
import type { Programs } from '../src/policies/environment.js';
import type { ServedPaths } from '../src/policies/probes.js';

// What the manifests are held against: the very classes by which the programs read their variables and serve their health.

export const programs: Programs = {
  order: reading(OrderConfiguration),
  inventory: reading(ServiceConfiguration),
  payment: reading(PaymentConfiguration),
  setup: reading(SetupConfiguration),
  'payment-provider': { variables: Object.keys(providerEnvironment.shape), read: readEnvironment },
};

function reading(configuration: ConfigurationClass) {
  return {
    variables: Object.keys(configuration.shape),
    read: (variables: Readonly<Record<string, string>>) => new configuration(variables),
  };
}

export const servedPaths: ServedPaths = {
  live: pathOf(HealthController, HealthController.prototype.live),
  ready: pathOf(HealthController, HealthController.prototype.ready),
};
export const metricsPath = pathOf(MetricsController, MetricsController.prototype.metrics);

/** As Nest registers it. */
function pathOf(...targets: readonly object[]): string {
  const parts = targets.map((target) => Reflect.getMetadata('path', target) as string);
  return `/${parts.filter((part) => part !== '/').join('/')}`;
}

/** After so long a program ends by itself, whatever still runs. */
export function stopSeconds(image: string): number {
  const [file, name] =
    image === 'payment-provider'
      ? (['apps/payment-provider/src/main.ts', 'stopWithinMs'] as const)
      : (['libs/service-host/src/run-service.ts', 'stopMaxMs'] as const);
  const text = readFileSync(join(root, file), 'utf8');
  const [, milliseconds] = new RegExp(`const ${name} = ([\\d_]+);`).exec(text) ?? [];
  return Number(milliseconds?.replaceAll('_', '')) / 1000;
}
