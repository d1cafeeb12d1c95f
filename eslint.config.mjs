import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

// Who may look into which room. Anything not listed is refused.
const rooms = {
  contracts: [],
  observability: [],
  messaging: ['contracts', 'observability'],
  'event-log': ['contracts', 'observability'],
  'service-host': ['contracts', 'observability', 'messaging', 'event-log'],
  'local-servers': [],
  testing: ['contracts', 'local-servers'],
  order: ['contracts', 'observability', 'event-log', 'service-host'],
  inventory: ['contracts', 'observability', 'event-log', 'service-host'],
  payment: ['contracts', 'observability', 'event-log', 'service-host'],
  'payment-provider': ['observability'],
  // The proofs and the tools look at what ships; nothing that ships looks at them.
  simulation: ['contracts', 'order', 'inventory', 'payment'],
  cluster: [
    'contracts',
    'observability',
    'event-log',
    'messaging',
    'service-host',
    'local-servers',
    'order',
    'inventory',
    'payment',
  ],
  e2e: [
    'contracts',
    'observability',
    'event-log',
    'messaging',
    'service-host',
    'local-servers',
    'cluster',
    'kubernetes',
    'order',
    'inventory',
    'payment',
  ],
  kubernetes: ['cluster', 'messaging', 'service-host', 'order', 'payment', 'payment-provider'],
  benchmark: ['contracts', 'event-log', 'local-servers', 'cluster', 'e2e', 'order', 'inventory', 'payment'],
  house: ['contracts', 'order', 'inventory', 'payment'],
  packages: ['contracts', 'observability', 'event-log', 'messaging', 'service-host', 'local-servers'],
  operations: ['contracts', 'observability', 'event-log', 'messaging', 'service-host', 'local-servers', 'cluster'],
};
// Specs of every room but the lowest may use the testing library; what ships may not (see the rule below).
for (const [room, may] of Object.entries(rooms))
  if (!['contracts', 'local-servers', 'testing'].includes(room)) may.push('testing');

const impure = [
  '@nestjs/*',
  'typeorm',
  'pg',
  'amqplib',
  'node:*',
  'fs',
  'crypto',
  'uuid',
  'rxjs',
  '@quadrille/*',
  '!@quadrille/contracts',
];

// One project asks its own types; `npm test` lints all of them at once, and then one program for all is read in half the time.
const typesOf = process.env.LINT_EVERYTHING
  ? { project: 'tools/tsconfig.everything.json', tsconfigRootDir: import.meta.dirname }
  : { projectService: true };

export default [
  { ignores: ['**/dist/**', 'libs/*/types/**', '**/node_modules/**'] },
  ...tseslint.configs.strict.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    languageOptions: { parser: tseslint.parser, parserOptions: typesOf },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allow: [],
          depConstraints: Object.entries(rooms).map(([room, may]) => ({
            sourceTag: `room:${room}`,
            onlyDependOnLibsWithTags: [room, ...may].map((name) => `room:${name}`),
          })),
        },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true, allowEmpty: false }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    // In a test a missing value ends the test, which is what it should do.
    files: ['**/*.spec.ts', '**/test/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['libs/*/src/**/*.ts', 'apps/{order,inventory,payment,payment-provider}/src/**/*.ts'],
    ignores: ['**/*.spec.ts', 'libs/testing/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^@quadrille/testing', message: 'What ships does not import the testing library.' }] },
      ],
    },
  },
  {
    // The rules of the business are pure: they import contracts and their own files, and know no clock, chance or machine.
    files: ['apps/*/src/domain/**/*.ts', 'apps/*/src/choreography.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: impure, message: 'Deciders and choreography tables are pure: contracts only.' }] },
      ],
      'no-restricted-globals': [
        'error',
        'process',
        'setTimeout',
        'setInterval',
        'fetch',
        'crypto',
        'performance',
        'Buffer',
        'console',
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Time comes in as data.' },
        { object: 'Math', property: 'random', message: 'Chance comes in as data.' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Time comes in as data.' },
      ],
    },
  },
  {
    files: ['libs/contracts/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(?!zod$|\\./)', message: 'Contracts import the schema library only.' }] },
      ],
    },
  },
];
