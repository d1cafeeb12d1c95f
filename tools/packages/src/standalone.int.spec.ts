import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PublicEvent } from '@quadrille/contracts';
import { Broker } from '@quadrille/messaging';
import { throwAwayBroker, type ThrowAwayBroker } from '@quadrille/testing';
import { libraries, packLibraries, strangersProject, type PackedLibrary } from './packed.js';
import { running } from './running.js';

const sample = new URL('../../../libs/contracts/samples/order.placed.v1.json', import.meta.url);
const placed = JSON.parse(readFileSync(sample, 'utf8')) as PublicEvent<'order.placed.v1'>;

let packed: ReadonlyMap<string, PackedLibrary>;

beforeAll(async () => {
  packed = await packLibraries();
});

describe.each(libraries)('the package of %s', (library) => {
  it('holds a licence, a page that says what it is, and of every source its JavaScript and its declarations', () => {
    const { files, sources } = packed.get(library)!;

    const compiled = sources.flatMap((source) => [
      source.replace(/^(.*)ts$/, 'dist/$1js'),
      source.replace(/^(.*)ts$/, 'types/$1d.ts'),
    ]);
    expect(['LICENSE', 'README.md', ...compiled].filter((file) => !files.includes(file))).toEqual([]);
  });

  it('holds no source and no specification', () => {
    const { files } = packed.get(library)!;

    expect(files.filter((file) => /^(src|test)\/|\.spec\.|(?<!\.d)\.ts$/.test(file))).toEqual([]);
  });

  it('asks for versions, of its sisters too', () => {
    const { dependencies } = packed.get(library)!;

    expect(Object.entries(dependencies).filter(([, range]) => !/^[\^~]?\d+\.\d+\.\d+/.test(range))).toEqual([]);
  });
});

describe('a service of a stranger', () => {
  let broker: ThrowAwayBroker;
  beforeAll(async () => {
    broker = await throwAwayBroker();
  });
  afterAll(() => broker.drop());

  it('installs the packages, compiles, reacts to order.placed.v1 and ends when asked', async () => {
    const project = await strangersProject(packed);
    try {
      await project.compile();
      const service = running(
        spawn(process.execPath, ['dist/service.js'], {
          cwd: project.directory,
          env: { ...process.env, AMQP_URL: broker.url },
        }),
      );
      await service.says(/^listening$/m);

      const order = await Broker.connect({ url: broker.url, name: 'order' });
      await order.publisher.publish(placed);
      await order.close();

      await service.says(new RegExp(`^to ${placed.data.customerId}: order ${placed.data.orderId}, `, 'm'));
      expect(await service.end()).toEqual({ code: 0, signal: null });
    } finally {
      project.remove();
    }
  });
});
