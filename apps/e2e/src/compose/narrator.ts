import type { Narrator } from '@quadrille/cluster';

/** Tells each step with the time it took, in lines that can be read in a file. */
export const narrator: Narrator = {
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
