import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));

export const libraries = [
  'contracts',
  'observability',
  'messaging',
  'event-log',
  'service-host',
  'local-servers',
  'testing',
] as const;
/** What a service is made of; the other two are for laptops and tests. */
const shipped: readonly string[] = ['contracts', 'observability', 'messaging', 'event-log', 'service-host'];

export interface PackedLibrary {
  readonly tarball: string;
  readonly files: readonly string[];
  /** What it was built from, as paths in its `src`. */
  readonly sources: readonly string[];
  /** Peers included. */
  readonly dependencies: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

const packingRoom = mkdtempSync(join(tmpdir(), 'quadrille-packages-'));
process.once('exit', () => rmSync(packingRoom, { recursive: true, force: true }));

/** Packs every library as `npm publish` would. */
export async function packLibraries(): Promise<ReadonlyMap<string, PackedLibrary>> {
  const workspaces = libraries.map((library) => `--workspace=libs/${library}`);
  const { stdout } = await run(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', packingRoom, ...workspaces],
    {
      cwd: root,
      maxBuffer: 16 * 1024 * 1024,
    },
  );
  const packs = JSON.parse(stdout) as { name: string; filename: string; files: { path: string }[] }[];
  return new Map(
    packs.map(({ name, filename, files }) => {
      const library = name.replace('@quadrille/', '');
      const manifest = json<Manifest>(join(root, 'libs', library, 'package.json'));
      return [
        library,
        {
          tarball: join(packingRoom, filename),
          files: files.map(({ path }) => path),
          sources: sourcesOf(library),
          dependencies: { ...manifest.dependencies, ...manifest.peerDependencies },
        },
      ];
    }),
  );
}

function sourcesOf(library: string): string[] {
  const paths = readdirSync(join(root, 'libs', library, 'src'), { recursive: true, encoding: 'utf8' });
  return paths.filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'));
}

/** The fixture as a project of somebody else, outside this workspace, with the packages installed. */
export async function strangersProject(packed: ReadonlyMap<string, PackedLibrary>) {
  const directory = mkdtempSync(join(tmpdir(), 'quadrille-stranger-'));
  const manifest = json<Manifest>(join(root, 'tools/packages/fixture/package.json'));
  const tarballs = shipped.map((library) => [`@quadrille/${library}`, `file:${packed.get(library)?.tarball}`]);
  const { overrides } = json<{ overrides: object }>(join(root, 'package.json'));
  const wanted = {
    ...manifest,
    overrides,
    dependencies: { ...manifest.dependencies, ...Object.fromEntries(tarballs) },
  };
  cpSync(join(root, 'tools/packages/fixture'), directory, { recursive: true });
  write(join(directory, 'package.json'), wanted);
  write(join(directory, 'package-lock.json'), lockWithoutWorkspace(wanted));
  const install = ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', install, { cwd: directory });
  return {
    directory,
    async compile() {
      const tsc = join(root, 'node_modules/typescript/bin/tsc');
      await run(process.execPath, [tsc, '-p', '.'], { cwd: directory }).catch((error: { stdout?: string }) => {
        throw new Error(`it does not compile:\n${error.stdout}`, { cause: error });
      });
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/**
 * The workspace's lock file without its own packages: npm takes the versions from it, finds them in its cache, where installing
 * this workspace has put them, and drops what nobody asks for.
 */
function lockWithoutWorkspace(manifest: object): object {
  const lock = json<{ packages: Record<string, object> }>(join(root, 'package-lock.json'));
  const foreign = Object.entries(lock.packages).filter(
    ([path]) => path.startsWith('node_modules/') && !path.startsWith('node_modules/@quadrille/'),
  );
  return { lockfileVersion: 3, requires: true, packages: { '': manifest, ...Object.fromEntries(foreign) } };
}

function json<Shape>(file: string): Shape {
  return JSON.parse(readFileSync(file, 'utf8')) as Shape;
}

function write(file: string, content: object): void {
  writeFileSync(file, JSON.stringify(content, null, 2));
}
