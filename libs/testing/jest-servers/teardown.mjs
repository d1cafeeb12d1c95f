import { rmSync } from 'node:fs';

/** Ends the servers that the setup started; nobody needs their data, so they are not asked first. */
export default async function teardown() {
  const started = globalThis.quadrilleTestServers;
  if (!started) return;
  await Promise.all(started.servers.map((server) => server.kill('SIGKILL')));
  rmSync(started.directory, { recursive: true, force: true });
}
