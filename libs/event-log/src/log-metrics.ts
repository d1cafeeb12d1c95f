import { Gauge, type Logger, type Registry } from '@quadrille/observability';
import type { DataSource } from 'typeorm';
import { Loop } from './loop.js';
import { rows } from './sql.js';

interface Counts {
  readonly lag_events: string;
  readonly lag_seconds: number;
  readonly held_keys: string;
  readonly held_oldest_seconds: number;
  readonly dead_letters: string;
  readonly dead_letters_oldest_seconds: number;
  readonly deadlines: string;
}

/** What only the database knows: read by a timer, so that scraping costs nothing and a database that is away fails no scrape. */
export class LogMetrics {
  private readonly loop: Loop;
  private readonly gauges: Readonly<Record<keyof Counts, Gauge>>;
  private readonly tasks: Gauge<'task'>;

  constructor(
    private readonly dataSource: DataSource,
    registry: Registry,
    pauseMs: number,
    logger: Logger,
  ) {
    const gauge = (name: string, help: string) => new Gauge({ name: `quadrille_${name}`, help, registers: [registry] });
    this.gauges = {
      lag_events: gauge('relay_lag_events', 'Log positions between the relay checkpoint and the head of the log.'),
      lag_seconds: gauge('relay_lag_seconds', 'Age of the oldest log row behind which the relay checkpoint stands.'),
      held_keys: gauge('held_keys', 'Keys that wait because a message of theirs failed.'),
      held_oldest_seconds: gauge('held_oldest_seconds', 'Age of the oldest held message.'),
      dead_letters: gauge('dead_letters', 'Held messages that wait for a person.'),
      dead_letters_oldest_seconds: gauge(
        'dead_letters_oldest_seconds',
        'Since when the oldest of the messages that wait for a person has failed.',
      ),
      deadlines: gauge('deadlines', 'Deadlines that are open.'),
    };
    this.tasks = new Gauge({
      name: 'quadrille_tasks',
      help: 'Tasks that are not done, by name. A charge of unknown outcome is such a task.',
      labelNames: ['task'],
      registers: [registry],
    });
    this.loop = new Loop({ name: 'metrics', pauseMs, logger, step: () => this.collect() });
  }

  start(): void {
    this.loop.start();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
  }

  private async collect(): Promise<void> {
    const [counts] = await rows<Counts>(this.dataSource, countsSql);
    if (counts)
      for (const [name, gauge] of Object.entries(this.gauges)) gauge.set(Number(counts[name as keyof Counts]));
    const tasks = await rows<{ task: string; open: string }>(
      this.dataSource,
      `select task, count(*) as open from agenda where kind = 'task' group by task`,
    );
    this.tasks.reset();
    for (const { task, open } of tasks) this.tasks.set({ task }, Number(open));
  }
}

const countsSql = `
  with behind as (
    select recorded_at from log where position > (select position from relay where name = 'relay')
    order by position limit 1
  ), held as (
    select count(distinct key) as keys, min(first_at) as oldest, count(*) filter (where status = 'dead') as dead,
      min(first_at) filter (where status = 'dead') as oldest_dead
    from held_message where status <> 'discarded'
  )
  select
    greatest(0, coalesce((select max(position) from log), 0) - (select position from relay where name = 'relay')) as lag_events,
    coalesce(extract(epoch from clock_timestamp() - (select recorded_at from behind)), 0)::float8 as lag_seconds,
    held.keys as held_keys,
    coalesce(extract(epoch from clock_timestamp() - held.oldest), 0)::float8 as held_oldest_seconds,
    held.dead as dead_letters,
    coalesce(extract(epoch from clock_timestamp() - held.oldest_dead), 0)::float8 as dead_letters_oldest_seconds,
    (select count(*) from agenda where kind = 'deadline') as deadlines
  from held`;
