#!/bin/sh
# k8s/local.sh: builds the images, brings them into the cluster that kubectl speaks to (kind, minikube or k3d), and waits until Quadrille runs there.
set -eu
cd "$(dirname "$0")/.."
tag=$(sed -n 's/.*newTag: //p' k8s/release/kustomization.yaml | sort -u)
namespace=quadrille
context=$(kubectl config current-context)

case "$context" in
  kind-*) load="kind load docker-image --name ${context#kind-}" ;;
  k3d-*) load="k3d image import --cluster ${context#k3d-}" ;;
  minikube) load='minikube image load' ;;
  *)
    echo "kubectl speaks to $context, which is not kind, k3d or minikube. Nothing was changed." >&2
    exit 1
    ;;
esac

for service in setup order inventory payment payment-provider; do
  docker build --build-arg SERVICE="$service" --tag "quadrille/$service:$tag" .
  $load "quadrille/$service:$tag"
done

# A new image of the same version: what a Job has done is done again, and pods are made anew.
kubectl --namespace "$namespace" delete job "setup-$tag" --ignore-not-found
kubectl apply --kustomize k8s/overlays/local
node tools/kubernetes/local-secrets.mjs | kubectl apply --filename -
kubectl --namespace "$namespace" wait --for=condition=complete --timeout=10m "job/setup-$tag"
kubectl --namespace "$namespace" rollout restart deployment
kubectl --namespace "$namespace" rollout restart statefulset/payment-provider
kubectl --namespace "$namespace" rollout status deployment --timeout=5m

echo "Quadrille runs. To reach it:"
echo "  kubectl --namespace $namespace port-forward service/order-http 3001:80"
echo "  kubectl --namespace $namespace port-forward service/inventory-http 3002:80"
echo "  kubectl --namespace $namespace port-forward service/payment-http 3003:80"
echo "  export ADMIN_TOKEN=\$(kubectl --namespace $namespace get secret order-secrets --output 'jsonpath={.data.admin-token}' | base64 --decode)"
