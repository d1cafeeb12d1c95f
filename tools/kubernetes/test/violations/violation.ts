import type { Policy, Resources } from '../../src/resource.js';

/** [what was done to the manifests, the policy that looks, what they have become, what it must say]. */
export type Violation = readonly [what: string, policy: Policy, resources: Resources, sentence: string];
