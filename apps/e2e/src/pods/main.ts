import { writeFileSync } from 'node:fs';
import { Engine } from '../compose/engine.js';
import { narrator } from '../compose/narrator.js';
import { localOverlay } from './local-overlay.js';
import { rehearse } from './rehearsal.js';
import { RunningPods } from './running-pods.js';
import { Usage } from './usage.js';

// The last part of `npm run compose:rehearse`: `main.js <times each pod is drained> <log of the pods> [command that enters the engine]`.
const [drains = '1', logFile = '', ...enter] = process.argv.slice(2);

// Customers may still wait for answers, and nobody needs them any more.
process.exit((await succeeds()) ? 0 : 1);

async function succeeds(): Promise<boolean> {
  const { plan, access } = localOverlay();
  const engine = new Engine(enter);
  const pods = new RunningPods(plan, engine);
  const usage = new Usage(plan, engine);
  try {
    await narrator.step('the pods of k8s/overlays/local', () => pods.up());
    usage.start();
    return await rehearse({ pods, usage, access, drains: Number(drains), narrator });
  } catch (error) {
    narrator.line(`\n${error instanceof Error ? error.message : String(error)}`);
    return false;
  } finally {
    writeFileSync(logFile, await pods.logs());
    await narrator.step('the pods, removed', () => pods.down());
  }
}
