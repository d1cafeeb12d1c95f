import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { services } from '@quadrille/contracts';
import { checkTopology, partitionQueue, eventsExchange, serviceExchange } from '@quadrille/messaging';
import { connect, type Channel } from 'amqplib';
import { Client } from 'pg';
import { perService, tables } from '../participants.js';
import { givenServers, type TestServers } from '../../test/given-servers.js';
import { mayLook, prepareBrokerUser, removeBrokerUser } from './broker-users.js';
import { prepareServers, removePreparations, type ServerPlan } from './prepare-servers.js';

describe('the setup step', () => {
  let servers: TestServers;
  let plan: ServerPlan;

  beforeAll(async () => {
    servers = await givenServers();
    const own = (url: string, service: string) =>
      Object.assign(new URL(url), { username: `${servers.namespace}_${service}`, password: 'secret' });
    plan = {
      postgresAdminUrl: servers.postgresUrl,
      amqpUrl: servers.amqpUrl,
      brokerAdminUrl: servers.brokerAdminUrl,
      partitions: 2,
      databaseUrls: perService(
        (service) =>
          Object.assign(own(servers.postgresUrl, service), { pathname: `/${servers.namespace}_${service}` }).href,
      ),
      databaseOwnerUrls: perService(
        (service) =>
          Object.assign(own(servers.postgresUrl, `${service}_owner`), { pathname: `/${servers.namespace}_${service}` })
            .href,
      ),
      amqpUrls: perService((service) => own(servers.amqpUrl, service).href),
      scalerAmqpUrl: own(servers.amqpUrl, 'scaler').href,
    };
    await Promise.all([prepareServers(plan), prepareServers(plan)]);
  });

  afterAll(async () => {
    await removePreparations(plan);
    await servers.drop();
  });

  test('may run again at any time', async () => {
    await prepareServers(plan);
  });

  test('leaves each service a migrated database of its own, whose tables are not', async () => {
    for (const service of services) {
      const [{ user, owner }] = (await query(
        plan.databaseUrls[service],
        `select current_user as user, tableowner as owner from pg_tables where tablename = 'log'`,
      )) as [{ user: string; owner: string }];
      expect([user, owner]).toEqual([`${servers.namespace}_${service}`, `${servers.namespace}_${service}_owner`]);
    }
  });

  test("keeps each role out of the others' databases", async () => {
    for (const service of services) {
      for (const other of services.filter((name) => name !== service)) {
        const url = new URL(plan.databaseUrls[service]);
        url.pathname = new URL(plan.databaseUrls[other]).pathname;
        await expect(query(url.href, 'select 1')).rejects.toThrow(/permission denied for database/);
      }
    }
  });

  test.each([
    ['create a table', 'create table mine ()'],
    ['create a schema', 'create schema mine'],
    ['add a column', 'alter table stream_head add column mine text'],
    ['drop a table', 'drop table agenda'],
    ['empty a table', 'truncate agenda'],
    ['change what it has said', 'update log set version = version'],
    ['take back what it has said', 'delete from log'],
    ['say what was migrated', `insert into migrations (timestamp, name) values (0, 'nothing')`],
    ['change the position of the log', `select setval('log_position', 1)`],
    ['drop a table that is no partition', `select drop_partition('stream_head')`],
    ['drop a default partition', `select drop_partition('inbox_default')`],
    ['attach a partition to another table', `select attach_partition('stream_head', 'log_p9', '0', '1')`],
    ['make a role', 'create role mine'],
  ])('does not let a service %s', async (_what, sql) => {
    await expect(query(plan.databaseUrls.order, sql)).rejects.toThrow(
      /permission denied|must be owner|is no partition of/,
    );
  });

  test('lets a service make room in its log and its inbox, and end old parts of them', async () => {
    const url = plan.databaseUrls.order;
    const parts = async () =>
      (
        await query(
          url,
          `select relname as name from pg_inherits join pg_class on oid = inhrelid where inhparent = 'log'::regclass`,
        )
      ).map((row) => (row as { name: string }).name);
    const before = await parts();
    await query(url, `select attach_partition('log', 'log_p77', '77000000', '78000000')`);
    expect((await parts()).filter((part) => !before.includes(part))).toEqual(['log_p77']);
    await query(url, 'select count(*) from log_p77');
    await query(url, `select drop_partition('log_p77')`);
    expect(await parts()).toEqual(before);
  });

  test('takes tables over from a service that owned them, which works on', async () => {
    const [admin, url] = [plan.postgresAdminUrl!, plan.databaseUrls.inventory];
    const [role, owner, database] = ['inventory', 'inventory_owner', 'inventory'].map(
      (name) => `${servers.namespace}_${name}`,
    );
    const inside = Object.assign(new URL(admin), { pathname: `/${database}` }).href;
    await query(inside, `reassign owned by ${owner} to ${role}`);
    await prepareServers(plan);
    expect(await query(url, `select distinct tableowner as owner from pg_tables where schemaname = 'public'`)).toEqual([
      { owner },
    ]);
    await query(url, 'insert into stock (sku, received, available, held, committed) values ($$ABC$$, 1, 1, 0, 0)');
    await expect(query(url, 'drop table stock')).rejects.toThrow('must be owner');
  });

  test('gives each broker user what its service needs', async () => {
    await withChannel(plan.amqpUrls.order, async (channel) => {
      await channel.checkQueue(partitionQueue('payment', 0, 2)); // Asking whether a queue exists needs no permission.
      await channel.consume(partitionQueue('order', 1, 2), () => undefined);
      channel.publish(eventsExchange, 'order.placed.v1.0', Buffer.from('{}'));
      channel.publish(serviceExchange('order'), 'dead-letters', Buffer.from('{}'));
      await channel.checkExchange(eventsExchange); // Comes back after the publishing was looked at.
    });
  });

  test('makes a broker user that several setup steps make at the same moment', async () => {
    const url = Object.assign(new URL(servers.amqpUrl), {
      username: `${servers.namespace}_made_at_once`,
      password: 'x',
    });
    const make = () => prepareBrokerUser(servers.brokerAdminUrl, url.href, mayLook);
    // RabbitMQ lets two of eight collide in every other turn.
    for (let turn = 1; turn <= 12; turn++) {
      try {
        await Promise.all(Array.from({ length: 8 }, make));
        await withChannel(url.href, (channel) => channel.checkQueue(partitionQueue('order', 0, 2)));
      } finally {
        await removeBrokerUser(servers.brokerAdminUrl, url.href);
      }
    }
  });

  test('leaves what each service checks before it starts, for a user who may not look itself', async () => {
    for (const service of services) {
      const table = tables.find((one) => one.service === service)!;
      const amqpUrl = plan.amqpUrls[service];
      await checkTopology(amqpUrl, { table, others: [], partitions: 2 });
      const other = { ...table, hears: [...table.hears, 'order.renamed.v1'] };
      await expect(checkTopology(amqpUrl, { table: other, others: [], partitions: 2 })).rejects.toThrow(
        `${table.service} hears order.renamed.v1, but the broker does not bring it`,
      );
    }
  });

  test.each<[string, (channel: Channel) => Promise<unknown>]>([
    ['compare the arguments of its own queue', (channel) => channel.assertQueue(partitionQueue('order', 0, 2))],
    ['read what the setup step has noted', (channel) => channel.get('quadrille.topology')],
    ['forge a seal', (channel) => channel.assertExchange('quadrille.order.hears.order.renamed.v1', 'fanout')],
    ["consume another's queue", (channel) => channel.consume(partitionQueue('payment', 0, 2), () => undefined)],
    ["read another's dead letters", (channel) => channel.get('payment.dead-letters')],
    ['declare a queue', (channel) => channel.assertQueue('order.another')],
    ['delete a queue of its own', (channel) => channel.deleteQueue(partitionQueue('order', 0, 2))],
    ['bind its own queue', (channel) => channel.bindQueue(partitionQueue('order', 0, 2), eventsExchange, '#')],
    [
      "publish to another's exchange",
      (channel) => {
        channel.publish(serviceExchange('payment'), 'order.placed.v1.0', Buffer.from('{}'));
        return channel.checkExchange(eventsExchange);
      },
    ],
  ])('does not let it %s', async (_what, act) => {
    const attempt = withChannel(plan.amqpUrls.order, act);
    await expect(attempt).rejects.toThrow(/ACCESS[-_]REFUSED/);
  });

  test('lets whoever scales look at the length of a queue, and at nothing in it', async () => {
    const queue = partitionQueue('order', 0, 2);
    await withChannel(plan.scalerAmqpUrl!, async (channel) => {
      expect(await channel.checkQueue(queue)).toMatchObject({ queue, messageCount: 0 });
    });
    const reading = withChannel(plan.scalerAmqpUrl!, (channel) => channel.get(queue));
    await expect(reading).rejects.toThrow(/ACCESS[-_]REFUSED/);
  });

  test("leaves the administrator's rights alone where the services share its user", async () => {
    const shared = { ...plan, amqpUrls: perService(() => plan.amqpUrl) };
    await prepareServers(shared);
    await withChannel(plan.amqpUrl, (channel) => channel.assertQueue('still-allowed'));
  });

  test('says which server did not answer in time', async () => {
    const nobody = { ...plan, postgresAdminUrl: 'postgres://postgres:secret@127.0.0.1:1/postgres', waitMs: 300 };
    await expect(prepareServers(nobody)).rejects.toThrow(/'s database did not answer within 0.3 s\./);
  });
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Whatever the broker objects to while the work is done: as its answer, or by closing the channel. */
async function withChannel(url: string, work: (channel: Channel) => Promise<unknown>): Promise<void> {
  const connection = await connect(url);
  connection.on('error', () => undefined); // Follows the channel's.
  try {
    const channel = await connection.createChannel();
    const refused = new Promise<never>((_resolve, reject) => channel.once('error', reject));
    await Promise.race([work(channel), refused]);
  } finally {
    await connection.close();
  }
}
