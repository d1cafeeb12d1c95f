export * from './kustomize.js';
export * from './resource.js';
