import { type Cluster, perService } from '@quadrille/cluster';
import { services } from '@quadrille/contracts';
import { Client, eventually } from '@quadrille/e2e/client';
import { collectEvidence, unsettled } from '@quadrille/e2e/evidence';
import { violations } from '@quadrille/e2e/rules';
import { forms, heard } from '@quadrille/e2e/world';
import { priceMinor, skus } from '../load/shop.js';
import type { System } from './party.js';

/** The services as users run them: the bundles of `npm start`, default configuration. */
export class Ours implements System {
  readonly name = 'ours';
  private supplied = false;

  constructor(private readonly cluster: Cluster) {}

  get orderUrl(): string {
    return this.cluster.service('order').url;
  }

  get inventoryDatabaseUrl(): string {
    return this.cluster.databaseUrls.inventory;
  }

  async start(): Promise<void> {
    await Promise.all(services.map((name) => this.cluster.service(name).start()));
    if (this.supplied) return;
    await supply(this.cluster);
    this.supplied = true;
  }

  async stop(): Promise<void> {
    await Promise.all(services.map((name) => this.cluster.service(name).stop()));
  }

  pids() {
    const pid = (name: (typeof services)[number]) => this.cluster.service(name).replicas[0]?.part.pid ?? 0;
    return { order: pid('order'), inventory: pid('inventory'), payment: pid('payment') };
  }

  /** All seven rules, but for what only a tap on the wire could see: a tap would be load of its own. */
  async check(promised: readonly string[]) {
    const { databaseUrls } = this.cluster;
    await eventually('the dust has settled', async () => {
      const open = await unsettled(databaseUrls);
      if (open.length > 0) throw new Error(open.join('; '));
      return true as const;
    });
    const provider = { url: this.cluster.service('payment-provider').url, adminToken: this.cluster.adminToken };
    const evidence = await collectEvidence({ databases: databaseUrls, provider, wire: null });
    return violations(evidence, promised, { forms, heard });
  }
}

/** Enough of every SKU for all that is measured. */
export async function supply(cluster: Cluster): Promise<void> {
  const { order, inventory, payment } = perService((name) => [cluster.service(name).url]);
  const client = new Client({ order, inventory, payment, adminToken: cluster.adminToken });
  for (const sku of skus) await client.supply(sku, 1_000_000, priceMinor);
}
