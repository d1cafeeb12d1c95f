import type { Narrator } from '@quadrille/cluster';
import { ComposeSystem } from './compose-system.js';
import { rehearse } from './rehearsal.js';

// What `npm run compose:rehearse` does with the system when it is up: `main.js <compose file> [command that enters the engine]`.
const [file = '', ...enter] = process.argv.slice(2);

const narrator: Narrator = {
  async step(title, work) {
    const startedAt = Date.now();
    const told = (mark: string) =>
      narrator.line(`${mark} ${title.padEnd(44)} ${((Date.now() - startedAt) / 1000).toFixed(1).padStart(6)} s`);
    try {
      const value = await work();
      told('✓');
      return value;
    } catch (error) {
      told('✗');
      throw error;
    }
  },
  line(text = '') {
    process.stdout.write(`${text}\n`);
  },
};

// Customers may still wait for answers, and nobody needs them any more.
process.exit((await succeeds()) ? 0 : 1);

async function succeeds(): Promise<boolean> {
  try {
    return await rehearse(await ComposeSystem.find(file, enter), narrator);
  } catch (error) {
    narrator.line(`\n${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}
