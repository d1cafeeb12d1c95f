import { run } from '../bootstrap.mjs';

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
