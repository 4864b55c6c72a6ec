#!/usr/bin/env bash
# The Helm chart, as far as it can be checked without a cluster: helm lint, and what it makes of several values against the schemas of
# Kubernetes. The schemas are those that two of its modules carry for their tests: all kinds of 1.27, and newer ones of the groups core and apps. So
# nothing is asked of a network but the module proxy.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

helm=helm.sh/helm/v3/cmd/helm@v3.22.0
kubeconform=github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
kubeopenapi=k8s.io/kube-openapi@v0.0.0-20260721132016-d427ff9ee9ad
kubectl=k8s.io/kubectl@v0.37.0
kubernetes=1.37.0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
GOBIN=$work go install "$helm"
GOBIN=$work go install "$kubeconform"
directory() { go mod download -json "$1" | sed -n 's/.*"Dir": "\(.*\)",/\1/p'; }
older=$(directory "$kubeopenapi")/pkg/schemaconv/testdata/swagger.json
newer=$(directory "$kubectl")/testdata/openapi/v3

# Every kind, from OpenAPI to one JSON schema each, in which no unknown field is let through.
python3 - "$older" "$newer" "$work/schemas" <<'PYTHON'
import json, pathlib, re, sys

older, newer, target = map(pathlib.Path, sys.argv[1:])
target.mkdir()


def reached(name, definitions, seen):
    """The definitions that one needs, itself among them."""
    if name not in seen:
        seen[name] = definitions[name]
        for other in re.findall(r'"#/definitions/([^"]+)"', json.dumps(definitions[name])):
            reached(other, definitions, seen)
    return seen


def plain(node, properties=False):
    """The node as JSON schema: references into definitions, objects closed, what is only of OpenAPI left out."""
    if isinstance(node, list):
        return [plain(n) for n in node]
    if not isinstance(node, dict):
        return node
    if not properties and "$ref" in node:
        return {"$ref": "#/definitions/" + node["$ref"].rsplit("/", 1)[1]}
    out = {k: plain(v, k == "properties" and not properties) for k, v in node.items() if properties or not k.startswith("x-") and k != "default"}
    if not properties and out.get("type") == "object" and "properties" in out:
        out.setdefault("additionalProperties", False)
    if not properties and "enum" in out:
        out["enum"] = sorted(set(out["enum"]))
    if not properties and out.get("format") == "int-or-string":
        out = {"oneOf": [{"type": "string"}, {"type": "integer"}]}
    return out


for document in [older, *sorted(newer.rglob("*.json"))]:  # the later ones win
    api = json.loads(document.read_text())
    components = api.get("definitions") or api["components"]["schemas"]
    definitions = {name: plain(schema) for name, schema in components.items()}
    for name, schema in components.items():
        for kind in schema.get("x-kubernetes-group-version-kind", []):
            group = kind["group"].split(".")[0]
            file = "-".join(part for part in (kind["kind"].lower(), group, kind["version"]) if part) + ".json"
            (target / file).write_text(json.dumps({"$ref": "#/definitions/" + name, "definitions": reached(name, definitions, {})}))
PYTHON

chart=packaging/helm/adapterd
"$work/helm" lint --strict "$chart"

render() {
  echo "== helm template $*"
  "$work/helm" template adapterd "$chart" --namespace events --kube-version "$kubernetes" "$@" >"$work/rendered.yaml"
  "$work/kubeconform" -strict -summary -schema-location "$work/schemas/{{.ResourceKind}}{{.KindSuffix}}.json" "$work/rendered.yaml"
}
render
render --set admin.tokenSecret=admin,admin.scrapeAnnotations=true,replicas=3,networkPolicy.enabled=true \
  --set-json 'networkPolicy.adminFrom=[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"monitoring"}}}]'
render --set state.existingClaim=messages,preStopSeconds=0,watch=true,ports=null,goMemLimit=,networkPolicy.enabled=true
render --set existingConfigMap=mine,serviceAccount.create=false --set-json 'env=[{"name":"AWS_REGION","value":"eu-central-1"}]' \
  --set-json 'envFrom=[{"secretRef":{"name":"aws"}}]' --set-json 'topologySpreadConstraints=[{"maxSkew":1,"topologyKey":"kubernetes.io/hostname","whenUnsatisfiable":"ScheduleAnyway"}]'

# A value that no chart should take, and a field that Kubernetes does not know, have to be found, or the checks above show nothing.
if "$work/helm" template adapterd "$chart" --kube-version "$kubernetes" --set drainSeconds=0 >/dev/null 2>&1; then
  echo "drainSeconds=0 was taken"; exit 1
fi
if render --set-json 'resources={"limitz":{}}' >/dev/null 2>&1; then
  echo "a field that Kubernetes does not know was taken"; exit 1
fi
echo "the chart is well"
