import type { ServiceName } from '@quadrille/contracts';
import { freePort } from '@quadrille/local-servers';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { removeAddresses, writeAddresses } from './addresses.js';
import { Part } from './part.js';
import { readPartitionCounts } from './partition-counts.js';
import { type PerService, perService } from './participants.js';
import { type Secrets, secretsIn } from './secrets.js';
import { PostgresPart, RabbitMqPart } from './server-parts.js';
import { Service } from './service.js';
import { environmentOf, isParticipant, type ProcessName, processNames } from './service-environment.js';
import { rotateLog, startServiceProcess } from './service-process.js';
import { prepareServers, removePreparations, type ServerPlan } from './setup/prepare-servers.js';

/** Servers that run already. What is not given, the cluster starts as its own. */
export interface GivenServers {
  /** A PostgreSQL administrator, who may create databases and roles. */
  readonly postgresUrl?: string | undefined;
  /** A RabbitMQ user who may declare in the virtual host of its path. */
  readonly amqpUrl?: string | undefined;
  /** The root of its management API; without it all services use `amqpUrl`. */
  readonly brokerAdminUrl?: string | undefined;
}

export interface ClusterOptions {
  /** Data, logs and secrets live here; a directory of a former cluster is used again. */
  readonly directory: string;
  readonly servers?: GivenServers;
  /** Begins the names of databases, roles and broker users, so that clusters can share servers: `quadrille`. */
  readonly namespace?: string;
  /** `false` when nobody needs the data after it: then its own servers, and those it is given, need not keep them. */
  readonly durable?: boolean;
  /** Of every service, unless `npm run partitions` changed it on this directory. */
  readonly partitions?: number;
  readonly replicas?: Partial<Record<ProcessName, number>>;
  /** Variables beside and over those that the cluster gives. */
  readonly environment?: Partial<Record<ProcessName, Readonly<Record<string, string>>>>;
  /** Asked before each launch of a replica for variables over all others; `environment` is what it would get. */
  readonly beforeLaunch?: (
    name: ProcessName,
    replica: number,
    environment: Readonly<Record<string, string>>,
  ) => Promise<Readonly<Record<string, string>>>;
  /** Asked before each launch of a replica for the file that it runs: by default the bundle that was built here. */
  readonly program?: (name: ProcessName, replica: number) => string | undefined;
  /** Taken when they are free; by default any free port is. */
  readonly ports?: Partial<Record<ProcessName, number>>;
  /** When given, whatever ends by itself is started again, and this is told. */
  readonly supervisor?: (notice: string) => void;
  /** Runs each step of the start; a place to show progress. */
  readonly step?: <Value>(title: string, work: () => Promise<Value>) => Promise<Value>;
  readonly readyWithinMs?: number;
}

const secretsFile = 'secrets.json';

/** Starts a whole system and resolves when every part is ready; when one fails, stops the others first. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const cluster = new Cluster(options);
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** A whole system on this machine: servers, the setup step, and each service as processes of its own. */
export class Cluster {
  readonly logDirectory: string;
  private readonly secrets: Secrets;
  private readonly ownPostgres: PostgresPart | undefined;
  private readonly ownRabbitMq: RabbitMqPart | undefined;
  private readonly services = new Map<ProcessName, Service>();
  private plan: ServerPlan | undefined;
  private stopping = false;

  constructor(private readonly options: ClusterOptions) {
    const { directory, servers, supervisor, durable = true } = options;
    this.logDirectory = join(directory, 'logs');
    mkdirSync(this.logDirectory, { recursive: true });
    this.secrets = secretsIn(join(directory, secretsFile));
    if (servers?.postgresUrl === undefined) this.ownPostgres = new PostgresPart({ directory, durable, supervisor });
    if (servers?.amqpUrl === undefined) this.ownRabbitMq = new RabbitMqPart({ directory, durable, supervisor });
  }

  async start(): Promise<void> {
    const step = this.options.step ?? ((_title, work) => work());
    await allSettled(
      [this.ownPostgres, this.ownRabbitMq].map(
        (server) => server && step(server.name, () => this.unlessStopping(() => server.start())),
      ),
    );
    const plan = (this.plan = this.makePlan());
    await step('databases, broker users, topology', () => this.unlessStopping(() => prepareServers(plan)));
    await this.makeServices(plan);
    this.sayAddresses(plan);
    const starting = [...this.services.values()].map((service) =>
      step(service.name, () => this.unlessStopping(() => service.start())),
    );
    await allSettled(starting);
  }

  /** Stops services first, then the provider, then the servers it started. No process of the cluster is left. */
  async stop({ removeData = false } = {}): Promise<void> {
    this.stopping = true;
    removeAddresses(this.options.directory);
    const services = [...this.services.values()];
    await allSettled(services.filter(({ name }) => isParticipant(name)).map((service) => service.stop()));
    await allSettled(services.map((service) => service.stop()));
    if (removeData && this.plan) await removePreparations(this.plan);
    await allSettled([this.ownRabbitMq?.stop(), this.ownPostgres?.stop()]);
  }

  service(name: ProcessName): Service {
    const service = this.services.get(name);
    if (service) return service;
    throw new Error(`${name} has not started yet.`);
  }

  /** The cluster's own PostgreSQL. */
  get postgres(): PostgresPart {
    if (this.ownPostgres) return this.ownPostgres;
    throw new Error('This cluster was given its PostgreSQL.');
  }

  /** The cluster's own RabbitMQ. */
  get rabbitMq(): RabbitMqPart {
    if (this.ownRabbitMq) return this.ownRabbitMq;
    throw new Error('This cluster was given its RabbitMQ.');
  }

  get adminToken(): string {
    return this.secrets.adminToken;
  }

  /** Where each service's data lie, with its own role's credentials. */
  get databaseUrls(): PerService<string> {
    return this.prepared.databaseUrls;
  }

  /** The broker, with an administrator's credentials. */
  get amqpUrl(): string {
    return this.prepared.amqpUrl;
  }

  get brokerAdminUrl(): string | undefined {
    return this.prepared.brokerAdminUrl;
  }

  private get prepared(): ServerPlan {
    if (this.plan) return this.plan;
    throw new Error('The servers have not started yet.');
  }

  private makePlan(): ServerPlan {
    const { servers, namespace = 'quadrille' } = this.options;
    const postgresAdminUrl = servers?.postgresUrl ?? this.postgres.adminUrl;
    const amqpUrl = servers?.amqpUrl ?? this.rabbitMq.url;
    const brokerAdminUrl = servers?.amqpUrl === undefined ? this.rabbitMq.adminUrl : servers.brokerAdminUrl;
    const own = (service: ServiceName) => `${namespace}_${service}`;
    return {
      postgresAdminUrl,
      amqpUrl,
      brokerAdminUrl,
      partitions: this.partitions(),
      databaseUrls: perService((service) => this.urlFor(postgresAdminUrl, own(service), `/${own(service)}`)),
      databaseOwnerUrls: perService((service) =>
        this.urlFor(postgresAdminUrl, `${own(service)}_owner`, `/${own(service)}`, this.secrets.ownerPassword),
      ),
      amqpUrls: perService((service) => (brokerAdminUrl === undefined ? amqpUrl : this.urlFor(amqpUrl, own(service)))),
    };
  }

  private urlFor(adminUrl: string, user: string, path?: string, password = this.secrets.servicePassword): string {
    const url = new URL(adminUrl);
    url.username = user;
    url.password = password;
    if (path !== undefined) url.pathname = path;
    return url.href;
  }

  private async makeServices(plan: ServerPlan): Promise<void> {
    const ports = new Map<ProcessName, number[]>();
    for (const name of processNames) {
      const taken = [...ports.values()].flat();
      ports.set(name, await this.portsFor(name, taken));
    }
    const urls = (name: ProcessName) => (ports.get(name) ?? []).map((port) => `http://127.0.0.1:${port}`);
    for (const name of processNames) {
      const replicas = (ports.get(name) ?? []).map((port, index) => {
        const url = `http://127.0.0.1:${port}`;
        const logFile = join(this.logDirectory, `${name}${index === 0 ? '' : `-${index + 1}`}.log`);
        rotateLog(logFile);
        const given = () => ({
          ...environmentOf(name, {
            ...plan,
            partitions: this.partitions(),
            port,
            secrets: this.secrets,
            paymentUrls: urls('payment'),
            providerUrl: urls('payment-provider')[0] ?? '',
            providerDirectory: join(this.options.directory, 'payment-provider'),
            allowUnsafeServers: this.options.durable === false,
          }),
          ...this.options.environment?.[name],
        });
        const environment = async () => ({
          ...given(),
          ...(await this.options.beforeLaunch?.(name, index, given())),
        });
        const readyWithinMs = this.options.readyWithinMs ?? 120_000;
        const part = new Part({
          name: index === 0 ? name : `${name} ${index + 1}`,
          supervisor: this.options.supervisor,
          launch: async () =>
            startServiceProcess({
              name,
              program: this.options.program?.(name, index),
              url,
              logFile,
              environment: await environment(),
              readyWithinMs,
            }),
        });
        return { url, logFile, part };
      });
      this.services.set(name, new Service(name, replicas));
    }
  }

  private sayAddresses({ databaseUrls, amqpUrl }: ServerPlan): void {
    writeAddresses(this.options.directory, {
      services: perService((name) => this.service(name).replicas.map(({ url }) => url)),
      provider: this.service('payment-provider').url,
      databaseUrls,
      amqpUrl,
      secretsFile,
    });
  }

  /** Asked for at each launch, so that a replica that starts again after a change has the new number. */
  private partitions(): PerService<number> {
    const { directory, partitions = 4 } = this.options;
    return { ...perService(() => partitions), ...readPartitionCounts(directory) };
  }

  private async portsFor(name: ProcessName, taken: readonly number[]): Promise<number[]> {
    const ports: number[] = [];
    while (ports.length < (this.options.replicas?.[name] ?? 1)) {
      const port = await freePort(ports.length === 0 ? this.options.ports?.[name] : undefined);
      if (!taken.includes(port) && !ports.includes(port)) ports.push(port);
    }
    return ports;
  }

  private async unlessStopping<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.stopping) throw new Error('The cluster was stopped while it started.');
    return work();
  }
}

/** Waits for all, also when one fails, so that nothing is still under way afterwards. */
async function allSettled(work: readonly (Promise<unknown> | undefined)[]): Promise<void> {
  const outcomes = await Promise.allSettled(work.filter((one) => one !== undefined));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure) throw failure.reason;
}
