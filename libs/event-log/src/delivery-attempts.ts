import type { DataSource } from 'typeorm';
import { rows } from './sql.js';

/** Counts the attempts of messages that came back, each before it is made: one that ends the process is counted too. */
export class DeliveryAttempts {
  constructor(private readonly dataSource: DataSource) {}

  /** Commits one more attempt and answers with their number. */
  async begin(messageId: string): Promise<number> {
    const [row] = await rows<{ attempts: number }>(
      this.dataSource,
      `insert into delivery_attempt (message_id, attempts) values ($1, 1)
       on conflict (message_id) do update set attempts = delivery_attempt.attempts + 1, last_at = now()
       returning attempts`,
      [messageId],
    );
    return row?.attempts ?? 1;
  }

  /** The attempt ended without ending the process, so none of them counts any more. */
  async end(messageId: string): Promise<void> {
    await rows(this.dataSource, 'delete from delivery_attempt where message_id = $1', [messageId]);
  }
}
