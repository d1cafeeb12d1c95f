import { Injectable } from '@nestjs/common';
import { Gauge, Registry } from '@quadrille/observability';
import { DataSource } from 'typeorm';

/** How many payments wait for the provider: a charge of unknown outcome is `charging` or `cancelling`. */
@Injectable()
export class OpenCharges {
  constructor(registry: Registry, dataSource: DataSource) {
    new Gauge({
      name: 'payments_open',
      help: 'Payments that wait for an answer of the provider, by status; charging and cancelling are charges of unknown outcome.',
      labelNames: ['status'],
      registers: [registry],
      async collect() {
        const counts = { charging: 0, cancelling: 0, refunding: 0 };
        if (dataSource.isInitialized) Object.assign(counts, await countOpen(dataSource));
        for (const [status, count] of Object.entries(counts)) this.set({ status }, count);
      },
    });
  }
}

async function countOpen(dataSource: DataSource): Promise<Record<string, number>> {
  const rows = await dataSource.query<{ status: string; count: number }[]>(
    `select status, count(*)::int as count from payment where status in ('charging', 'cancelling', 'refunding')
     group by status`,
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}
