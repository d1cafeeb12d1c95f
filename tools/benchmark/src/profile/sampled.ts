import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

/**
 * Loaded into a service before it starts (`node --import`): SIGUSR2 begins a CPU profile, and the next one ends it and writes the file.
 * So it holds the work under load, and neither the start nor the idle time before.
 */
const file = process.env['QUADRILLE_PROFILE_FILE'];
const session = new Session();
let running = false;

process.on('SIGUSR2', () => {
  void (running ? end() : begin());
});

async function begin(): Promise<void> {
  running = true;
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 500 });
  await session.post('Profiler.start');
}

async function end(): Promise<void> {
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  running = false;
  if (file === undefined) return;
  // In one step, for whoever waits for the file.
  writeFileSync(`${file}.draft`, JSON.stringify(profile));
  renameSync(`${file}.draft`, file);
}
