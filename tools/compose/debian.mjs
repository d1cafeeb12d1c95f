import { existsSync } from 'node:fs';
import { run, StepFailed } from '../bootstrap.mjs';

const mirror = process.env.DEBIAN_MIRROR ?? 'http://deb.debian.org/debian';

/** Unpacks a Debian with some packages into a directory, or a tar file. apt checks the signatures. */
export function unpackDebian(suite, target, { variant, packages, hooks = [] }, log) {
  const options = [
    '--mode=root',
    '--keyring=/usr/share/keyrings/debian-archive-keyring.gpg',
    `--variant=${variant}`,
    ...packages.map((name) => `--include=${name}`),
    // As the official images do.
    ...['doc', 'man', 'info', 'locale'].map((kind) => `--dpkgopt=path-exclude=/usr/share/${kind}/*`),
    ...hooks.map((hook) => `--customize-hook=${hook}`),
  ];
  return run('mmdebstrap', [...options, suite, target, mirror], log);
}

/** What this machine needs to unpack a Debian, and to give namespaces a way out. */
export async function installTools(progress) {
  if (process.platform !== 'linux')
    throw new StepFailed('The rehearsal needs Linux. `docker compose up --build` does not.');
  if (process.getuid() !== 0) throw new StepFailed('Namespaces and packages need root: sudo npm run compose:rehearse');
  const missing = ['mmdebstrap', 'slirp4netns'].filter((name) => !existsSync(`/usr/bin/${name}`));
  if (missing.length === 0) return;
  if (!existsSync('/usr/bin/apt-get'))
    throw new StepFailed(
      `The rehearsal needs ${missing.join(' and ')}, and knows how to install them with apt-get only.`,
    );
  await progress.step(missing.join(', '), async () => {
    await run('apt-get', ['update', '-q'], 'compose-tools');
    const install = ['install', '-q', '-y', '--no-install-recommends', 'debian-archive-keyring', ...missing];
    await run('apt-get', install, 'compose-tools');
  });
}
