import {
  type LocalRabbitMq,
  type LocalServer,
  removePostgresData,
  removeRabbitMqData,
  startPostgres,
  startRabbitMq,
} from '@quadrille/local-servers';
import { join } from 'node:path';
import { Part } from './part.js';

export interface ServerPartOptions {
  readonly directory: string;
  readonly durable: boolean;
  readonly supervisor?: ((notice: string) => void) | undefined;
}

/** The cluster's own PostgreSQL. Its address stays the same over restarts. */
export class PostgresPart extends Part {
  private server: LocalServer | undefined;

  constructor({ directory, durable, supervisor }: ServerPartOptions) {
    super({
      name: 'PostgreSQL',
      supervisor,
      launch: async () =>
        (this.server = await startPostgres({
          directory: placesIn(directory).postgres,
          port: this.server?.port,
          durable,
        })),
    });
  }

  get adminUrl(): string {
    return started(this.server).url;
  }
}

/** The cluster's own RabbitMQ. Its addresses stay the same over restarts. */
export class RabbitMqPart extends Part {
  private server: LocalRabbitMq | undefined;

  constructor({ directory, supervisor }: ServerPartOptions) {
    super({
      name: 'RabbitMQ',
      supervisor,
      launch: async () =>
        (this.server = await startRabbitMq({
          directory: placesIn(directory).rabbitMq,
          port: this.server?.port,
          managementPort: this.server ? Number(new URL(this.server.adminUrl).port) : undefined,
        })),
    });
  }

  get url(): string {
    return started(this.server).url;
  }

  get adminUrl(): string {
    return started(this.server).adminUrl;
  }

  /** Runs `rabbitmqctl` for it. */
  ctl(...args: readonly string[]): Promise<string> {
    return started(this.server).ctl(...args);
  }
}

/** Removes the servers' data, wherever they lie. */
export async function removeServerData(directory: string): Promise<void> {
  const { postgres, rabbitMq } = placesIn(directory);
  removePostgresData(postgres);
  await removeRabbitMqData(rabbitMq);
}

function placesIn(directory: string) {
  return { postgres: join(directory, 'postgres'), rabbitMq: join(directory, 'rabbitmq') };
}

function started<Server>(server: Server | undefined): Server {
  if (server) return server;
  throw new Error('The server has not started yet.');
}
