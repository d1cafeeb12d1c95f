import { type DataSource, Entity, type EntityManager, PrimaryColumn } from 'typeorm';

export interface Identified {
  readonly messageId: string;
}

/** The idempotent consumer (https://microservices.io/patterns/communication-style/idempotent-consumer.html). */
@Entity('inbox')
export class InboxMessage {
  @PrimaryColumn('uuid') id!: string;
}

/** Handles a message in one transaction with the note that it was handled; a repetition changes nothing. */
export function once(
  dataSource: DataSource,
  { messageId: id }: Identified,
  handle: (manager: EntityManager) => Promise<void>,
): Promise<void> {
  return dataSource.transaction(async (manager) => {
    if (await manager.existsBy(InboxMessage, { id })) return;
    await manager.insert(InboxMessage, { id });
    await handle(manager);
  });
}
