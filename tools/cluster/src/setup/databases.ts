import { letUse } from '@quadrille/event-log';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';

/** The same database as two roles. */
export interface DatabaseUrls {
  /** Who owns its tables and migrates them. */
  readonly owner: string;
  /** Who runs on them. */
  readonly service: string;
}

/**
 * Makes the database and both roles so that the URLs work; what is there already stays, with the passwords of the URLs. No other role but
 * the administrator's can connect to it. `adminUrl` may create databases and roles.
 */
export async function prepareDatabase(adminUrl: string, urls: DatabaseUrls): Promise<void> {
  const [owner, service] = [partsOf(urls.owner), partsOf(urls.service)];
  const ownerId = escapeIdentifier(owner.role);
  const databaseId = escapeIdentifier(service.database);
  await asAdmin(adminUrl, async (admin) => {
    // Two setup steps at once wait for each other here; the lock ends with the session.
    await admin.query(`select pg_advisory_lock(hashtext('quadrille setup'))`);
    for (const { role, password } of [owner, service]) {
      const roles = await admin.query(`select from pg_roles where rolname = $1`, [role]);
      if (roles.rowCount === 0) await admin.query(`create role ${escapeIdentifier(role)}`);
      await admin.query(`alter role ${escapeIdentifier(role)} login password ${escapeLiteral(password)}`);
    }
    const databases = await admin.query(`select from pg_database where datname = $1`, [service.database]);
    if (databases.rowCount === 0) {
      // An administrator who is not a superuser may only give a database to a role that it is a member of.
      await admin.query(`grant ${ownerId} to current_user`);
      await admin.query(`create database ${databaseId} owner ${ownerId}`);
    }
    await admin.query(`revoke all on database ${databaseId} from public`);
    const inside = Object.assign(new URL(adminUrl), { pathname: new URL(urls.service).pathname }).href;
    await asAdmin(inside, (adminInside) => letIn(adminInside, { database: databaseId, owner: ownerId, service }));
  });
}

/** Earlier, services owned their tables: who did goes on working on them, and its next connection is let in as the last one was. */
async function letIn(
  admin: Client,
  { database, owner, service: { role } }: { database: string; owner: string; service: { role: string } },
): Promise<void> {
  await admin.query('begin');
  const own = await admin.query(
    `select from pg_database where datname = current_database() and pg_get_userbyid(datdba) = $1`,
    [role],
  );
  if (own.rowCount !== 0) {
    await admin.query(`reassign owned by ${escapeIdentifier(role)} to ${owner}`);
    await letUse(async (sql) => (await admin.query(sql)).rows, role);
  }
  await admin.query(`grant connect on database ${database} to ${escapeIdentifier(role)}`);
  await admin.query('commit');
}

/** Removes the database and its roles, if they are there, whoever is connected. */
export async function removeDatabase(adminUrl: string, urls: DatabaseUrls): Promise<void> {
  const [owner, service] = [partsOf(urls.owner), partsOf(urls.service)];
  await asAdmin(adminUrl, async (admin) => {
    await admin.query(`drop database if exists ${escapeIdentifier(service.database)} with (force)`);
    for (const { role } of [owner, service]) await admin.query(`drop role if exists ${escapeIdentifier(role)}`);
  });
}

function partsOf(url: string) {
  const { username, password, pathname } = new URL(url);
  const [role, secret, database] = [username, password, pathname.slice(1)].map(decodeURIComponent);
  if (!role || !secret || !database)
    throw new Error(`A service's database URL needs a role, a password and a database.`);
  return { role, password: secret, database };
}

async function asAdmin(url: string, work: (admin: Client) => Promise<void>): Promise<void> {
  const admin = new Client({ connectionString: url });
  // A connection that is lost while idle is reported by the next query.
  admin.on('error', () => undefined);
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}
