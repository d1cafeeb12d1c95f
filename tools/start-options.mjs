import { parseArgs } from 'node:util';

export const help = `npm start                 runs the whole system until Ctrl-C
npm start -- --once       ends after the demonstration: exit code 0 if each order ended as it should
npm start -- --reset      begins with empty data; refused with DATABASE_URL or AMQP_URL
npm start -- --help       says this

Data, logs and secrets lie under .quadrille/. The environment may name servers that run already:

  DATABASE_URL            a PostgreSQL administrator, who may create databases and roles
  AMQP_URL                a RabbitMQ user who may declare in the virtual host of its path
  BROKER_ADMIN_URL        the root of that RabbitMQ's management API with an administrator's credentials:
                          each service then has a user of its own; without it all use AMQP_URL
`;

/** The options of `npm start`, or one sentence on what is wrong with them. */
export function parseOptions(args) {
  try {
    const { values } = parseArgs({
      args,
      options: { once: { type: 'boolean' }, reset: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    return { once: false, reset: false, help: false, ...values };
  } catch (error) {
    return { problem: `${error.message.split('. ')[0]}. Try \`npm start -- --help\`.` };
  }
}
