/** What happened, step by step: as a hash always, as lines only when a run is recorded. */
export class History {
  readonly lines: { readonly step: number; readonly about: readonly string[]; readonly text: string }[] = [];
  step = 0;
  private digest = 0x811c9dc5;

  constructor(readonly recording: boolean) {}

  note(who: string, what: () => string, about: readonly unknown[] = []): void {
    if (!this.recording) return;
    const subjects = [...new Set(about.map(subjectOf))];
    this.lines.push({
      step: this.step,
      about: subjects,
      text: `${who.padEnd(18)} ${what()} ${subjects.map(shortName).join(' ')}`,
    });
  }

  /** Two runs with the same hash made the same choices (FNV-1a over what the run feeds it). */
  mix(value: number): void {
    this.digest = Math.imul(this.digest ^ value, 0x01000193) >>> 0;
  }

  mixText(text: string): void {
    for (let index = 0; index < text.length; index++) this.mix(text.charCodeAt(index));
  }

  get hash(): string {
    return this.digest.toString(16).padStart(8, '0');
  }

  /** The lines that speak of these orders or SKUs, and of nothing in particular. */
  linesAbout(subjects: readonly string[]): string[] {
    return this.lines
      .filter(({ about }) => subjects.length === 0 || about.some((subject) => subjects.includes(subject)))
      .map(({ step, text }) => `${String(step).padStart(6)}  ${text}`);
  }
}

/** Ids are numbered, so a short form reads well: `…000017` is #17. */
export function shortName(subject: string): string {
  const number = /^[0-9a-f]{8}-0000-7000-8000-(\d{12})$/.exec(subject)?.[1];
  return number === undefined ? subject : `#${Number(number)}`;
}

function subjectOf(thing: unknown): string {
  if (typeof thing === 'string') return thing;
  const { command, stream } = thing as { command?: { orderId?: string; sku?: string }; stream?: string };
  return command?.orderId ?? command?.sku ?? stream?.replace(/^[a-z]+-/, '') ?? '';
}
