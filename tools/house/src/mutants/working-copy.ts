import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { mutated, type PlumbingMutant } from './plumbing-mutant.js';

const areas = ['libs', 'apps'];
const settings = ['package.json', 'jest.base.mjs', '.swcrc', 'tsconfig.base.json'];
const leftOut = new Set(['dist', 'node_modules']);

/**
 * The sources as they are now, in a directory of their own, so that no bug is ever planted in the working tree. It lies in
 * the clone and finds the installed packages there; the workspace's own packages are linked to the copy's.
 */
export class WorkingCopy {
  readonly directory: string;
  private readonly originals = new Map<string, string>();

  constructor(
    private readonly root: string,
    home: string,
  ) {
    mkdirSync(home, { recursive: true });
    this.directory = mkdtempSync(join(home, 'mutants-'));
    for (const area of areas)
      cpSync(join(root, area), join(this.directory, area), {
        recursive: true,
        filter: (path) => !leftOut.has(basename(path)),
      });
    for (const file of settings) cpSync(join(root, file), join(this.directory, file));
    // A program that a suite starts beside what it tests is the clone's, as it was built.
    symlinkSync(join(root, 'dist'), join(this.directory, 'dist'));
    this.linkPackages();
  }

  plant(mutant: PlumbingMutant): void {
    writeFileSync(this.path(mutant.file), mutated(mutant, this.original(mutant.file)));
  }

  /** The file is as it was when the copy was made, whatever happened to the clone since. */
  heal({ file }: PlumbingMutant): void {
    writeFileSync(this.path(file), this.original(file));
  }

  path(file: string): string {
    return join(this.directory, file);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private original(file: string): string {
    const known = this.originals.get(file);
    if (known !== undefined) return known;
    const text = readFileSync(this.path(file), 'utf8');
    this.originals.set(file, text);
    return text;
  }

  private linkPackages(): void {
    for (const area of areas)
      for (const project of readdirSync(join(this.root, area))) {
        const manifest = readFileSync(this.path(join(area, project, 'package.json')), 'utf8');
        const { name } = JSON.parse(manifest) as { name: string };
        const link = this.path(join('node_modules', name));
        mkdirSync(join(link, '..'), { recursive: true });
        symlinkSync(this.path(join(area, project)), link);
      }
  }
}
