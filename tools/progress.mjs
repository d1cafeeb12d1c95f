/**
 * Shows what is being done, step by step, with its duration. On a terminal the line of a running step changes in place;
 * elsewhere a step that takes long says so now and then, so that nobody takes it for stuck.
 */
export class Progress {
  #out;
  #isTerminal;
  #running = new Map();
  #timer;

  constructor(out = process.stdout) {
    this.#out = out;
    this.#isTerminal = Boolean(out.isTTY);
  }

  /** Runs one step. Steps may overlap. A failure is marked here and is the caller's to explain. */
  async step(title, work) {
    const step = { title, startedAt: Date.now(), saidAt: Date.now() };
    this.#running.set(step, step);
    this.#timer ??= setInterval(() => this.#tick(), 1000).unref();
    this.#draw();
    try {
      const value = await work();
      this.#finish(step, '✓');
      return value;
    } catch (error) {
      this.#finish(step, '✗');
      throw error;
    }
  }

  /** A line for the reader, whatever steps are running. */
  line(text = '') {
    this.#erase();
    this.#out.write(`${text}\n`);
    this.#draw();
  }

  #finish(step, mark) {
    this.#running.delete(step);
    if (this.#running.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    this.line(`${mark} ${step.title.padEnd(44)} ${seconds(step).padStart(8)}`);
  }

  #tick() {
    if (this.#isTerminal) return this.#draw();
    for (const step of this.#running.values()) {
      if (Date.now() - step.saidAt < 15_000) continue;
      step.saidAt = Date.now();
      this.#out.write(`… ${step.title.padEnd(44)} ${seconds(step).padStart(8)}\n`);
    }
  }

  #draw() {
    if (!this.#isTerminal || this.#running.size === 0) return;
    this.#erase();
    const running = [...this.#running.values()].map((step) => `${step.title} ${seconds(step)}`).join(', ');
    const line = `… ${running}`;
    const width = this.#out.columns || 80;
    this.#out.write(line.length < width ? line : `${line.slice(0, width - 2)}…`);
  }

  #erase() {
    if (this.#isTerminal) this.#out.write('\r\u001b[2K');
  }
}

function seconds({ startedAt }) {
  return `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
}
