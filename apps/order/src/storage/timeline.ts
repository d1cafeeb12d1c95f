import { Injectable } from '@nestjs/common';
import type { Fact } from '@quadrille/contracts';
import { readStream } from '@quadrille/event-log';
import { DataSource } from 'typeorm';
import { choreography } from '../choreography.js';
import type { OrderEvent } from '../domain/index.js';

export interface TimelineItem {
  readonly at: string;
  readonly service: string;
  /** The type on the wire. */
  readonly type: string;
  readonly id: string;
  readonly data: object;
}

/** What everyone announced about an order, as the order service came to know it: its own stream, told in public events. */
@Injectable()
export class Timeline {
  constructor(private readonly dataSource: DataSource) {}

  async of(orderId: string): Promise<TimelineItem[]> {
    const logged = await readStream(this.dataSource.manager, `order-${orderId}`);
    return logged.flatMap(({ id, event, recordedAt }): TimelineItem[] => {
      const own = event as OrderEvent;
      if (own.type === 'Noted') return [own.fact];
      const fact = newestAnnouncement(own);
      return fact ? [{ at: recordedAt, service: 'order', type: fact.type, id, data: fact.data }] : [];
    });
  }
}

/** The event as it went out, from the same table that the relay publishes by. Of two living versions the newer is shown. */
function newestAnnouncement(event: OrderEvent): Fact | undefined {
  const publish = choreography.publishes[event.type] as ((event: OrderEvent) => Fact | readonly Fact[]) | null;
  return publish === null ? undefined : [publish(event)].flat().at(-1);
}
