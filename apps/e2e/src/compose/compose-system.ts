import type { ServiceName } from '@quadrille/contracts';
import { z } from 'zod';
import { eventually } from '../client.js';
import type { Engine } from './engine.js';

const composeFile = z.object({
  services: z.record(
    z.string(),
    z.object({
      environment: z.record(z.string(), z.string()).optional(),
      ports: z.array(z.object({ published: z.string() })).optional(),
    }),
  ),
});
const containers = z.tuple([
  z.object({
    State: z.object({ Pid: z.number(), Status: z.string(), Health: z.object({ Status: z.string() }).optional() }),
    RestartCount: z.number(),
    NetworkSettings: z.object({ Networks: z.record(z.string(), z.object({ IPAddress: z.string() })) }),
  }),
]);
/** On a machine that others keep busy, a health check alone may take many seconds. */
const healthyWithinMs = 300_000;
type Container = z.infer<typeof containers>[0];

/**
 * A system that Docker Compose brought up, for somebody who is in the network of its Docker Engine: there, containers have
 * addresses of their own.
 */
export class ComposeSystem {
  private constructor(
    private readonly file: string,
    private readonly engine: Engine,
    private readonly services: z.infer<typeof composeFile>['services'],
  ) {}

  static async find(file: string, engine: Engine): Promise<ComposeSystem> {
    const config = await engine.run(['docker', 'compose', '--file', file, 'config', '--format', 'json']);
    return new ComposeSystem(file, engine, composeFile.parse(JSON.parse(config)).services);
  }

  /** What stays up: all but the setup step. */
  get kinds(): string[] {
    return Object.keys(this.services).filter((kind) => kind !== 'setup');
  }

  url(kind: string): string {
    const port = this.service(kind).ports?.[0]?.published;
    if (port === undefined) throw new Error(`${kind} publishes no port`);
    return `http://127.0.0.1:${port}`;
  }

  get adminToken(): string {
    return this.variable('order', 'ADMIN_TOKEN');
  }

  /** As the setup step is told, but for the host's name, which only containers know. */
  async databaseUrls(): Promise<Record<ServiceName, string>> {
    const [order, inventory, payment] = await Promise.all(
      ['ORDER_DATABASE_URL', 'INVENTORY_DATABASE_URL', 'PAYMENT_DATABASE_URL'].map((name) =>
        this.reachable('postgres', this.variable('setup', name)),
      ),
    );
    if (!order || !inventory || !payment) throw new Error('a database has no address');
    return { order, inventory, payment };
  }

  amqpUrl(): Promise<string> {
    return this.reachable('rabbitmq', this.variable('setup', 'AMQP_URL'));
  }

  async container(kind: string): Promise<Container> {
    const id = (await this.compose('ps', '--all', '--quiet', kind)).trim();
    const [container] = containers.parse(JSON.parse(await this.engine.run(['docker', 'inspect', id])));
    return container;
  }

  /** Ends a container's first process as a crash or the kernel's out-of-memory killer would. */
  async crash({ State }: Container): Promise<void> {
    await this.engine.run(['sh', '-c', `kill -KILL ${State.Pid}`]);
  }

  compose(...args: readonly string[]): Promise<string> {
    return this.engine.run(['docker', 'compose', '--file', this.file, ...args]);
  }

  /** Resolves when a container is up and healthy; `restarts` is how often Docker has to have started it again by then. */
  async healthy(kind: string, restarts = 0): Promise<void> {
    await eventually(
      `${kind} is healthy`,
      async () => {
        const { State, RestartCount } = await this.container(kind);
        if (RestartCount >= restarts && State.Health?.Status === 'healthy') return true;
        throw new Error(
          `it is ${State.Status}, ${State.Health?.Status ?? 'without a health check'}, ${RestartCount} restarts`,
        );
      },
      healthyWithinMs,
    );
  }

  private async reachable(kind: string, url: string): Promise<string> {
    const [network] = Object.values((await this.container(kind)).NetworkSettings.Networks);
    const reachable = new URL(url);
    reachable.hostname = network?.IPAddress ?? '';
    return reachable.href;
  }

  private variable(kind: string, name: string): string {
    const value = this.service(kind).environment?.[name];
    if (value === undefined) throw new Error(`${kind} has no ${name}`);
    return value;
  }

  private service(kind: string) {
    const service = this.services[kind];
    if (service === undefined) throw new Error(`there is no service ${kind}`);
    return service;
  }
}
