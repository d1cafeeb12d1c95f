/** Who tells a person what is going on; tools/progress.mjs does, which must work before anything is built. */
export interface Narrator {
  /** Runs one step and shows how long it took, and whether it failed. */
  step<Value>(title: string, work: () => Promise<Value>): Promise<Value>;
  line(text?: string): void;
}
