import { throwAwayBroker } from '@quadrille/testing';
import { randomUUID } from 'node:crypto';

export interface TestServers {
  /** Begins the names of what the suite makes on servers that others use too. */
  readonly namespace: string;
  readonly postgresUrl: string;
  /** With a virtual host of the suite's own. */
  readonly amqpUrl: string;
  readonly brokerAdminUrl: string;
  drop(): Promise<void>;
}

/** The servers of this test run, with names that no other suite has. */
export async function givenServers(): Promise<TestServers> {
  const postgresUrl = process.env['QUADRILLE_TEST_POSTGRES_URL'];
  if (!postgresUrl) throw new Error("Does this project's jest.config.mjs ask for servers?");
  const broker = await throwAwayBroker();
  return {
    namespace: `test_${randomUUID().slice(0, 8)}`,
    postgresUrl,
    amqpUrl: broker.url,
    brokerAdminUrl: broker.adminUrl,
    drop: () => broker.drop(),
  };
}
