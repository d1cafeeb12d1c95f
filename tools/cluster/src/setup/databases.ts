import { Client, escapeIdentifier, escapeLiteral } from 'pg';

/**
 * Makes the database, and the role that owns it, so that `url` works; what is there already stays, with the password of
 * `url`. No other role but the administrator's can connect to it. `adminUrl` may create databases and roles.
 */
export async function prepareDatabase(adminUrl: string, url: string): Promise<void> {
  const { role, password, database } = partsOf(url);
  const roleId = escapeIdentifier(role);
  const databaseId = escapeIdentifier(database);
  await asAdmin(adminUrl, async (admin) => {
    // Two setup steps at once wait for each other here; the lock ends with the session.
    await admin.query(`select pg_advisory_lock(hashtext('quadrille setup'))`);
    const roles = await admin.query(`select from pg_roles where rolname = $1`, [role]);
    if (roles.rowCount === 0) await admin.query(`create role ${roleId}`);
    await admin.query(`alter role ${roleId} login password ${escapeLiteral(password)}`);

    const databases = await admin.query(`select from pg_database where datname = $1`, [database]);
    if (databases.rowCount === 0) {
      // An administrator who is not a superuser may only give a database to a role that it is a member of.
      await admin.query(`grant ${roleId} to current_user`);
      await admin.query(`create database ${databaseId} owner ${roleId}`);
    }
    await admin.query(`revoke all on database ${databaseId} from public`);
  });
}

/** Removes the database and its role, if they are there, whoever is connected. */
export async function removeDatabase(adminUrl: string, url: string): Promise<void> {
  const { role, database } = partsOf(url);
  await asAdmin(adminUrl, async (admin) => {
    await admin.query(`drop database if exists ${escapeIdentifier(database)} with (force)`);
    await admin.query(`drop role if exists ${escapeIdentifier(role)}`);
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
