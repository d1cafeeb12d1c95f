export * from './docker/pods.js';
export * from './kustomize.js';
export * from './resource.js';
