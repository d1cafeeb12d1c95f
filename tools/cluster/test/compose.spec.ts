import { afterAll, describe, expect, test } from '@jest/globals';
import { memoryKept } from '@quadrille/local-servers';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { processNames } from '../src/service-environment.js';
import { planOf, SetupConfiguration } from '../src/setup/setup-configuration.js';

interface ComposeService {
  readonly image: string;
  readonly build?: { readonly context: string; readonly args?: { readonly SERVICE: string } };
  readonly environment: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test?: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly init?: boolean;
  readonly restart?: string;
  readonly ports?: readonly string[];
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose = parse(withDefaults(text), { merge: true }) as {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: object;
};
const service = (name: string) => compose.services[name]!;

describe('docker-compose.yml', () => {
  test('has a database that keeps its memory as the one of npm start does', () => {
    expect(service('postgres').environment).toMatchObject(memoryKept);
  });

  test('has a service for every process, and the setup step before them', () => {
    expect(Object.keys(compose.services).sort()).toEqual(['postgres', 'rabbitmq', 'setup', ...processNames].sort());
    expect(service('setup').depends_on).toEqual({
      postgres: { condition: 'service_healthy' },
      rabbitmq: { condition: 'service_healthy' },
    });
    for (const name of ['order', 'inventory', 'payment'])
      expect(service(name).depends_on).toEqual({ setup: { condition: 'service_completed_successfully' } });
  });

  test('says no version, which Compose 2 calls obsolete and 1.29 does not need', () => {
    expect(Object.keys(compose).filter((key) => !key.startsWith('x-'))).toEqual(['services', 'volumes']);
  });

  test('builds every image from the one Dockerfile, with an init process', () => {
    for (const name of ['setup', ...processNames]) {
      expect(service(name)).toMatchObject({ image: `quadrille/${name}`, init: true, build: { context: '.' } });
      expect(service(name).build?.args).toEqual({ SERVICE: name });
    }
  });

  test('starts again what ends by itself, but for the setup step', () => {
    for (const [name, { restart }] of Object.entries(compose.services))
      expect({ name, restart }).toEqual({ name, restart: name === 'setup' ? undefined : 'unless-stopped' });
  });

  test('publishes ports on this machine alone', () => {
    for (const { ports = [] } of Object.values(compose.services))
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
  });

  test('probes for what is needed: the TCP port of PostgreSQL, the AMQP port of RabbitMQ', () => {
    expect(service('postgres').healthcheck?.test).toEqual(['CMD', 'pg_isready', '-h', '127.0.0.1', '-U', 'postgres']);
    expect(service('rabbitmq').healthcheck?.test).toContain('check_port_connectivity');
  });

  test('gives the setup step what it reads, and the very addresses that the services have', () => {
    const { environment } = service('setup');
    const plan = planOf(new SetupConfiguration(environment));
    expect(Object.keys(environment).filter((name) => !(name in SetupConfiguration.shape))).toEqual([]);
    for (const name of ['order', 'inventory', 'payment'] as const) {
      expect(service(name).environment).toMatchObject({
        DATABASE_URL: plan.databaseUrls[name],
        AMQP_URL: plan.amqpUrls[name],
        PARTITIONS: String(typeof plan.partitions === 'number' ? plan.partitions : plan.partitions[name]),
      });
    }
    const roles = [...Object.values(plan.databaseUrls), ...Object.values(plan.databaseOwnerUrls)];
    expect(new Set(roles.map((url) => new URL(url).username)).size).toBe(roles.length);
    expect(new URL(plan.postgresAdminUrl!).password).toBe(service('postgres').environment['POSTGRES_PASSWORD']);
    expect(new URL(plan.amqpUrl).password).toBe(service('rabbitmq').environment['RABBITMQ_DEFAULT_PASS']);
    expect(new URL(plan.amqpUrl).username).toBe(service('rabbitmq').environment['RABBITMQ_DEFAULT_USER']);
  });

  test('gives payment and the provider the same secrets, and each the other’s address', () => {
    const [payment, provider] = [service('payment').environment, service('payment-provider').environment];
    for (const name of ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET']) expect(payment[name]).toBe(provider[name]);
    expect(payment['STRIPE_API_URL']).toBe(`http://payment-provider:${provider['HTTP_PORT']}`);
    expect(provider['WEBHOOK_URL']).toBe(`http://payment:${payment['HTTP_PORT']}/v1/provider/webhooks`);
  });

  test.each(processNames)('starts %s with variables that it knows and accepts', async (name) => {
    const { environment } = service(name);
    const sources = [`apps/${name}/src`, 'libs/service-host/src'].map(sourceOf).join('\n');
    expect(Object.keys(environment).filter((variable) => !sources.includes(variable))).toEqual([]);
    const here = { HTTP_HOST: '127.0.0.1', HTTP_PORT: '0', ...(name === 'payment-provider' && providerHere) };
    await expect(firstWords(name, { ...environment, ...here })).resolves.toMatch(/listening/);
  });
});

const providerDirectory = mkdtempSync(join(tmpdir(), 'quadrille-compose-'));
const providerHere = { PROVIDER_DATA_DIR: providerDirectory };
afterAll(() => rmSync(providerDirectory, { recursive: true }));

/** As Compose does when nothing is set. */
function withDefaults(source: string): string {
  return source.replace(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1');
}

function sourceOf(directory: string): string {
  return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .map((file) => readFileSync(join(root, directory, file), 'utf8'))
    .join('\n');
}

/** What the service says until it listens, or until it gives up. */
function firstWords(name: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn(process.execPath, [join(root, 'dist', name, 'main.mjs')], {
    env: { PATH: process.env['PATH'], ...environment },
  });
  return new Promise((resolve) => {
    let words = '';
    const hear = (chunk: Buffer) => {
      words += chunk.toString();
      if (words.includes('listening')) child.kill('SIGKILL');
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('close', () => resolve(words));
  });
}
