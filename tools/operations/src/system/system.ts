import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readAddresses, type Addresses } from '@quadrille/cluster/addresses';
import { services, type ServiceName } from '@quadrille/contracts';
import { z } from 'zod';
import { Failure } from '../command-line/ends.js';
import type { Given, Option } from '../command-line/options.js';

/** Where `npm start` of this clone keeps its data. */
const ownData = fileURLToPath(new URL('../../../../.quadrille/data', import.meta.url));

/** The options by which every command finds the system. */
export const systemOptions = {
  data: { value: 'directory', help: 'where npm start keeps its data, and its addresses (.quadrille/data)' },
  'order-url': { value: 'url', help: 'or ORDER_URL; likewise --inventory-url, --payment-url, --provider-url' },
  'inventory-url': { value: 'url', help: 'or INVENTORY_URL' },
  'payment-url': { value: 'url', help: 'or PAYMENT_URL' },
  'provider-url': { value: 'url', help: 'or PROVIDER_URL' },
} satisfies Record<string, Option>;

export const systemNote = `A system that npm start runs is found by itself. For any other one the environment says where it is: ORDER_URL,
INVENTORY_URL, PAYMENT_URL, PROVIDER_URL, ADMIN_TOKEN, AMQP_URL, and ORDER_DATABASE_URL, INVENTORY_DATABASE_URL,
PAYMENT_DATABASE_URL, as far as the command needs them.`;

/** Where the system is: an option says so, or the environment, or the cluster that runs on the data directory. */
export class System {
  readonly directory: string;
  private readonly local: Addresses | undefined;

  constructor(
    private readonly given: Pick<Given, 'text'>,
    private readonly variables: Readonly<Record<string, string | undefined>> = process.env,
  ) {
    this.directory = resolve(given.text('data') ?? ownData);
    this.local = readAddresses(this.directory);
  }

  /**
   * Whether broker and databases are those of the cluster that runs on the data directory. Throws when some are and others are not:
   * what changes both would change two systems.
   */
  get isLocal(): boolean {
    const { local } = this;
    if (local === undefined) return false;
    const isLocal = [
      this.amqpUrl === local.amqpUrl,
      ...services.map((service) => this.databaseUrl(service) === local.databaseUrls[service]),
    ];
    if (new Set(isLocal).size === 1) return isLocal[0] === true;
    const names = ['AMQP_URL', ...services.map(databaseVariable)];
    const [elsewhere, here] = [false, true].map((which) => names.filter((_, index) => isLocal[index] === which));
    throw new Failure(
      `${elsewhere?.join(', ')} lead elsewhere than to the system on ${this.directory}, which ${here?.join(', ')} would be of: set all of them, or none.`,
    );
  }

  url(service: ServiceName | 'provider'): string {
    const local = service === 'provider' ? this.local?.provider : this.local?.services[service][0];
    const option = `${service}-url`;
    const variable = `${service.toUpperCase()}_URL`;
    const url =
      this.given.text(option) ?? this.variable(variable) ?? local ?? this.unknown(variable, `--${option} or `);
    if (!URL.canParse(url)) throw new Failure(`${service} cannot be at ${JSON.stringify(url)}: that is no URL.`);
    return url.replace(/\/+$/, '');
  }

  get adminToken(): string {
    return this.variable('ADMIN_TOKEN') ?? this.localToken() ?? this.unknown('ADMIN_TOKEN');
  }

  /** Undefined where nobody says it: the broker is then left out. */
  get amqpUrlIfKnown(): string | undefined {
    return this.variable('AMQP_URL') ?? this.local?.amqpUrl;
  }

  get amqpUrl(): string {
    return this.amqpUrlIfKnown ?? this.unknown('AMQP_URL');
  }

  databaseUrl(service: ServiceName): string {
    const name = databaseVariable(service);
    return this.variable(name) ?? this.local?.databaseUrls[service] ?? this.unknown(name);
  }

  private variable(name: string): string | undefined {
    return this.variables[name] || undefined;
  }

  private localToken(): string | undefined {
    if (!this.local) return undefined;
    const file = join(this.directory, this.local.secretsFile);
    return z.object({ adminToken: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).adminToken;
  }

  private unknown(name: string, option = ''): never {
    throw new Failure(`No system runs on ${this.directory}: start it with npm start, or set ${option}${name}.`);
  }
}

function databaseVariable(service: ServiceName): string {
  return `${service.toUpperCase()}_DATABASE_URL`;
}

export function isService(text: string): text is ServiceName {
  return (services as readonly string[]).includes(text);
}
