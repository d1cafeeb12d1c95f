// Writes a library's type declarations into its folder types, for those who install it from npm. Inside the workspace nobody needs
// them: tsc reads the sources. Run in the library's folder, after its dependencies' declarations.
import { relative } from 'node:path';
import ts from 'typescript';

const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail };
const config = ts.getParsedCommandLineOfConfigFile('tsconfig.json', {}, host);
const files = config.fileNames.filter(
  (file) => /(^|\/)src\/.*\.ts$/.test(relative('.', file)) && !file.endsWith('.spec.ts'),
);
const program = ts.createProgram(files, {
  ...config.options,
  noEmit: false,
  declaration: true,
  emitDeclarationOnly: true,
  customConditions: [],
  rootDir: 'src',
  outDir: 'types',
});
// The code itself is checked by `typecheck`; here only what cannot be declared is a problem.
program.emit().diagnostics.forEach(fail);

function fail(diagnostic) {
  process.stderr.write(
    `${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')} (${diagnostic.file?.fileName ?? 'no file'})\n`,
  );
  process.exitCode = 1;
}
