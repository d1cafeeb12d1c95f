import * as contracts from '@quadrille/contracts';
import type { ServiceName } from '@quadrille/contracts';
import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { shippedParticipants, type Participant, type Participants } from '../participants.js';
import { mutantsOf } from './source-mutants.js';

/** A decider as it would be with one small change in its sources. */
export interface GeneratedMutant {
  readonly name: string;
  readonly where: string;
  /** Compiled when it is asked for. */
  readonly participants: Participants;
}

/** All mutants of the deciders that ship, generated from their sources. */
export function generatedMutants(): GeneratedMutant[] {
  return contracts.services.flatMap((service) => {
    const sources = sourcesOf(service);
    return [...sources].flatMap(([file, source]) =>
      mutantsOf(source).map((mutant) => ({
        name: `${service}: ${mutant.name}`,
        where: `apps/${service}/src/domain/${file}:${mutant.line}`,
        get participants() {
          const decider = withDecider(service, new Map([...sources, [file, mutant.source]]));
          return { ...shippedParticipants, [service]: decider };
        },
      })),
    );
  });
}

function sourcesOf(service: ServiceName): Map<string, string> {
  const folder = new URL(`../../../${service}/src/domain/`, import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'));
  return new Map(files.map((file) => [file, readFileSync(new URL(file, folder), 'utf8')]));
}

function withDecider(service: ServiceName, sources: ReadonlyMap<string, string>): Participant {
  const decider = evaluate(sources)[`${service}Decider`] as Participant['decider'];
  return { ...shippedParticipants[service], decider };
}

/** Runs the sources in memory: they import each other and contracts, and nothing else (lint keeps it so). */
function evaluate(sources: ReadonlyMap<string, string>): Record<string, unknown> {
  const loaded = new Map<string, Record<string, unknown>>();
  return load('index.ts');

  function load(file: string): Record<string, unknown> {
    const known = loaded.get(file);
    if (known) return known;
    const exports: Record<string, unknown> = {};
    loaded.set(file, exports);
    const { outputText } = ts.transpileModule(sources.get(file) ?? '', {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    });
    const require = (name: string) =>
      name === '@quadrille/contracts' ? contracts : load(name.replace('./', '').replace(/\.js$/, '.ts'));
    new Function('require', 'exports', outputText)(require, exports);
    return exports;
  }
}
