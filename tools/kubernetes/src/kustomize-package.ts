import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Debian 13's kustomize, unpacked into `directory`, which then is complete; answers with the program's path. apt works in directories of its own
 * and checks the signatures, so nothing of the machine changes and no rights are needed.
 */
export function unpackKustomize(directory: string): string {
  const program = join(directory, 'usr/bin/kustomize');
  if (existsSync(program)) return program;
  mkdirSync(dirname(directory), { recursive: true });
  const place = mkdtempSync(`${directory}-`);
  try {
    download(place);
    const [archive] = readdirSync(place).filter((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get downloaded nothing');
    execFileSync('dpkg-deb', ['--extract', join(place, archive), join(place, 'tree')]);
    renameSync(join(place, 'tree'), directory);
    return program;
  } catch (cause) {
    // Two suites may do this at once: whoever comes second finds it done.
    if (existsSync(program)) return program;
    throw new Error('Install kubectl 1.27 or kustomize 5, or newer: here it cannot be had from Debian.', { cause });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function download(place: string): void {
  for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(place, name), { recursive: true });
  const mirror = process.env['DEBIAN_MIRROR'] ?? 'http://deb.debian.org/debian';
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  writeFileSync(join(place, 'sources.list'), `deb [signed-by=${keyring}] ${mirror} trixie main\n`);
  writeFileSync(join(place, 'status'), '');
  const options = {
    'Dir::Etc::SourceList': join(place, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State': place,
    'Dir::State::Lists': join(place, 'lists'),
    'Dir::State::status': join(place, 'status'),
    'Dir::Cache': join(place, 'cache'),
    'APT::Sandbox::User': 'root',
  };
  const settings = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  for (const command of [['update'], ['download', 'kustomize']])
    execFileSync('apt-get', [...settings, '-q', ...command], { cwd: place, stdio: ['ignore', 'ignore', 'pipe'] });
}
