import { migrate } from '@quadrille/event-log';
import { declareTopology } from '@quadrille/messaging';
import { participants, type PerService, tables } from '../participants.js';
import { mayLook, permissionsOf, prepareBrokerUser, removeBrokerUser } from './broker-users.js';
import { type DatabaseUrls, prepareDatabase, removeDatabase } from './databases.js';
import { withPatience } from './patience.js';

export interface ServerPlan {
  /** Who may create databases and roles. Without it the services' databases must be there. */
  readonly postgresAdminUrl?: string | undefined;
  /** Who may declare exchanges and queues. */
  readonly amqpUrl: string;
  /** The root of RabbitMQ's management API. Without it the services' broker users must be there. */
  readonly brokerAdminUrl?: string | undefined;
  readonly databaseUrls: PerService<string>;
  /** The same databases for whoever owns the tables and migrates them, which no service does. */
  readonly databaseOwnerUrls: PerService<string>;
  readonly amqpUrls: PerService<string>;
  /** Whoever scales the services by the length of their queues, if anybody does. */
  readonly scalerAmqpUrl?: string | undefined;
  /** Of every service, or of each by its name. */
  readonly partitions: number | PerService<number>;
  /** How long servers that are still coming up are waited for. */
  readonly waitMs?: number;
}

/**
 * The setup step: brings the servers to where the services can start. Makes databases, roles and broker users so that the
 * services' URLs work, migrates each database and declares the topology of all choreography tables. It may run again at any
 * time, and by several at once.
 */
export async function prepareServers(plan: ServerPlan): Promise<void> {
  const waitMs = plan.waitMs ?? 60_000;
  const databases = participants.map(async (participant) => {
    const urls = databaseOf(plan, participant.name);
    const admin = plan.postgresAdminUrl;
    await withPatience(`${participant.name}'s database`, waitMs, async () => {
      if (admin !== undefined) await prepareDatabase(admin, urls);
      await migrate(urls.owner, participant, { runsAs: decodeURIComponent(new URL(urls.service).username) });
    });
  });
  const broker = async () => {
    const admin = plan.brokerAdminUrl;
    for (const { name } of participants) {
      // A service that shares the administrator's user must not take its rights away.
      if (admin === undefined || plan.amqpUrls[name] === plan.amqpUrl) continue;
      await withPatience(`RabbitMQ's management API`, waitMs, () =>
        prepareBrokerUser(admin, plan.amqpUrls[name], permissionsOf(name)),
      );
    }
    if (admin !== undefined && plan.scalerAmqpUrl !== undefined)
      await prepareBrokerUser(admin, plan.scalerAmqpUrl, mayLook);
    await declareTopology({ url: plan.amqpUrl, tables, partitions: plan.partitions, waitMs });
  };
  await Promise.all([...databases, broker()]);
}

/** Removes the databases, roles and broker users that `prepareServers` made; its topology goes with the virtual host. */
export async function removePreparations(plan: ServerPlan): Promise<void> {
  const { postgresAdminUrl, brokerAdminUrl } = plan;
  for (const { name } of participants) {
    if (postgresAdminUrl !== undefined) await removeDatabase(postgresAdminUrl, databaseOf(plan, name));
    if (brokerAdminUrl !== undefined && plan.amqpUrls[name] !== plan.amqpUrl)
      await removeBrokerUser(brokerAdminUrl, plan.amqpUrls[name]);
  }
  if (brokerAdminUrl !== undefined && plan.scalerAmqpUrl !== undefined)
    await removeBrokerUser(brokerAdminUrl, plan.scalerAmqpUrl);
}

function databaseOf({ databaseUrls, databaseOwnerUrls }: ServerPlan, service: keyof PerService<string>): DatabaseUrls {
  return { owner: databaseOwnerUrls[service], service: databaseUrls[service] };
}
