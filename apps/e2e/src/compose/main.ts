import { ComposeSystem } from './compose-system.js';
import { Engine } from './engine.js';
import { narrator } from './narrator.js';
import { rehearse } from './rehearsal.js';

// What `npm run compose:rehearse` does with the system when it is up: `main.js <compose file> [command that enters the engine]`.
const [file = '', ...enter] = process.argv.slice(2);

// Customers may still wait for answers, and nobody needs them any more.
process.exit((await succeeds()) ? 0 : 1);

async function succeeds(): Promise<boolean> {
  try {
    return await rehearse(await ComposeSystem.find(file, new Engine(enter)), narrator);
  } catch (error) {
    narrator.line(`\n${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}
