import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { ClientProxy } from '@nestjs/microservices';
import { InjectRepository } from '@nestjs/typeorm';
import { lastValueFrom } from 'rxjs';
import { Column, Entity, type EntityManager, In, Index, IsNull, PrimaryColumn, Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

/** The transactional outbox (https://microservices.io/patterns/data/transactional-outbox.html). */
@Entity('outbox')
@Index(['id'], { where: '"sentAt" is null' })
export class OutboxMessage {
  @PrimaryColumn('uuid') id!: string;
  @Column() queue!: string;
  @Column() pattern!: string;
  @Column('jsonb') payload!: object;
  @Column({ type: 'timestamptz', nullable: true }) sentAt!: Date | null;
}

/** What is emitted when the transaction has committed, once at least. */
export async function emitLater(
  manager: EntityManager,
  queue: string,
  pattern: string,
  payload: object,
): Promise<void> {
  const id = uuidv7();
  await manager.save(OutboxMessage, { id, queue, pattern, payload: { ...payload, messageId: id }, sentAt: null });
}

const pollMs = 100;
const isTuned = process.env['TUNED'] === '1';

/** Polling publisher (https://microservices.io/patterns/data/polling-publisher.html): every 100 ms what is not sent is sent. */
@Injectable()
export class OutboxPoller implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private polling: Promise<void> | undefined;
  private readonly clients = new Map<string, ClientProxy>();

  constructor(
    @InjectRepository(OutboxMessage) private readonly outbox: Repository<OutboxMessage>,
    @Inject(ModuleRef) private readonly modules: ModuleRef,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.polling ??= (isTuned ? this.pollTuned() : this.poll())
        .catch((error: unknown) => console.error(error)) // The next poll tries again.
        .finally(() => (this.polling = undefined));
    }, pollMs);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.polling;
  }

  private async poll(): Promise<void> {
    for (const message of await this.due(100)) {
      await this.emit(message);
      message.sentAt = new Date();
      await this.outbox.save(message);
    }
  }

  /** More at once, published together, and marked by one statement. */
  private async pollTuned(): Promise<void> {
    const messages = await this.due(1000);
    if (messages.length === 0) return;
    await Promise.all(messages.map((message) => this.emit(message)));
    await this.outbox.update({ id: In(messages.map(({ id }) => id)) }, { sentAt: new Date() });
  }

  private due(take: number): Promise<OutboxMessage[]> {
    return this.outbox.find({ where: { sentAt: IsNull() }, order: { id: 'ASC' }, take });
  }

  private async emit({ queue, pattern, payload }: OutboxMessage): Promise<void> {
    const client = this.clients.get(queue) ?? this.modules.get<ClientProxy>(queue, { strict: false });
    this.clients.set(queue, client);
    await lastValueFrom(client.emit(pattern, payload), { defaultValue: undefined });
  }
}
