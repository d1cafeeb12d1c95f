import { buildEvent, type Fact, type PublicEvent } from '@quadrille/contracts';
import { type AnyParticipant, type AnyRound, eventLogDataSourceOptions, migrate, Round } from '@quadrille/event-log';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

/** One service's rounds on a database of its own, without a broker: what was announced is handed on by whoever measures. */
export class ServiceRounds {
  private announced = 0;

  private constructor(
    private readonly participant: AnyParticipant,
    private readonly dataSource: DataSource,
    private readonly round: AnyRound,
  ) {}

  static async open(url: string, participant: AnyParticipant): Promise<ServiceRounds> {
    await migrate(url, participant);
    const dataSource = await new DataSource(eventLogDataSourceOptions(url, participant)).initialize();
    return new ServiceRounds(participant, dataSource, new Round({ dataSource, participant }));
  }

  /** Commands of clients, in one round. */
  async request(commands: readonly object[]): Promise<void> {
    await this.run(
      commands.map((command) => ({
        kind: 'request' as const,
        command,
        idempotency: { scope: 'customer life', key: uuidv7(), bodyHash: 'life' },
        answer: () => null,
        cause,
      })),
    );
  }

  /** Answers of a worker, in one round. */
  async wakeUp(commands: readonly object[]): Promise<void> {
    await this.run(commands.map((command) => ({ kind: 'wake-up' as const, command, cause })));
  }

  /** Messages of the others, in one round. */
  async deliver(events: readonly PublicEvent[]): Promise<void> {
    await this.run(
      events.map((event) => ({
        kind: 'delivery' as const,
        messageId: event.id,
        key: event.subject,
        partition: 0,
        type: event.type,
        message: { body: Buffer.from(JSON.stringify(event)) },
        content: { kind: 'event' as const, event },
        cause: { correlationId: event.correlationid, causationId: event.id },
      })),
    );
  }

  /** What its log has announced since the last time: the part of the relay before the wire. */
  async announcements(): Promise<PublicEvent[]> {
    const rows = await this.dataSource.query<LogRow[]>(
      'select position, version, id, type, data from log where position > $1 order by position',
      [this.announced],
    );
    this.announced = Number(rows.at(-1)?.position ?? this.announced);
    const { name, choreography } = this.participant;
    return rows.flatMap(({ version, id, type, data }) => {
      const announce = choreography.publishes[type] as ((event: object) => Fact | readonly Fact[]) | null | undefined;
      const facts = announce ? [announce({ ...data, type })].flat() : [];
      const time = new Date().toISOString();
      return facts.map((fact) => buildEvent(name, fact, { ...cause, id, time, sequence: version }));
    });
  }

  close(): Promise<void> {
    return this.dataSource.destroy();
  }

  private async run(items: Parameters<AnyRound['run']>[0]): Promise<void> {
    const outcomes = await this.round.run(items);
    const odd = outcomes.find(({ kind }) => kind !== 'decided');
    if (odd) throw new Error(`${this.participant.name} has not decided: ${JSON.stringify(odd)}`);
  }
}

interface LogRow {
  readonly position: string;
  readonly version: number;
  readonly id: string;
  readonly type: string;
  readonly data: object;
}

const cause = { correlationId: 'life', causationId: 'life' };
