#!/bin/sh
# Makes the fixtures beside this file with real cosign and a real registry. Usage: make.sh COSIGN2 COSIGN3
# Needs docker-registry, curl, jq and openssl. The private keys are thrown away.
set -eu
cosign2=$1
cosign3=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
port=${PORT:-15091}
registry=127.0.0.1:$port
repository=demo/app
export COSIGN_PASSWORD= COSIGN_YES=true HOME=$work
# cosign looks for the public trust root on its own; nothing here needs it, and nothing shall leave this machine.
export HTTPS_PROXY=http://127.0.0.1:9

cat > "$work/registry.yml" <<YAML
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {inmemory: {}, delete: {enabled: true}}
http: {addr: "$registry"}
YAML
docker-registry serve "$work/registry.yml" > "$work/registry.log" 2>&1 &
pid=$!
trap 'kill $pid; rm -rf "$work"' EXIT
until curl -sf "http://$registry/v2/" > /dev/null; do sleep 0.1; done

# push_blob FILE: an upload in one request
push_blob() {
    digest=sha256:$(sha256sum "$1" | cut -d' ' -f1)
    where=$(curl -sf -D - -o /dev/null -X POST "http://$registry/v2/$repository/blobs/uploads/" |
        tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
    curl -sf -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$1" "$where&digest=$digest"
}
# push_image TAG: an image of one empty layer, different for each tag; prints its digest
push_image() {
    printf '{"architecture":"amd64","os":"linux","config":{"Labels":{"tag":"%s"}},"rootfs":{"type":"layers","diff_ids":[]}}' \
        "$1" > "$work/config"
    push_blob "$work/config"
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%s},"layers":[]}' \
        "$(sha256sum "$work/config" | cut -d' ' -f1)" "$(wc -c < "$work/config")" > "$work/manifest"
    curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary "@$work/manifest" \
        "http://$registry/v2/$repository/manifests/$1"
    echo "sha256:$(sha256sum "$work/manifest" | cut -d' ' -f1)"
}
manifest() { # REFERENCE FILE
    curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json' \
        "http://$registry/v2/$repository/manifests/$1" -o "$2"
}
blobs() { # MANIFEST DIRECTORY: every layer, under its digest
    for layer in $(jq -r ".layers[].digest" "$1"); do
        curl -sf "http://$registry/v2/$repository/blobs/$layer" -o "$2/${layer#sha256:}"
    done
}

rm -rf "$here/cosign2" "$here/cosign3"
for folder in cosign2/tag cosign2/ed25519 cosign2/referrers cosign3/signature cosign3/attestation; do
    mkdir -p "$here/$folder"
done
(cd "$work" && "$cosign2" generate-key-pair && cp cosign.pub "$here/cosign.pub")
openssl genpkey -algorithm ed25519 -out "$work/ed.pem"
openssl pkey -in "$work/ed.pem" -pubout -out "$here/ed25519.pub"
(cd "$work" && "$cosign2" import-key-pair --key ed.pem --output-key-prefix ed25519)
key="$work/cosign.key"

# cosign 2, the tag: two signatures of one image, the second with an annotation
digest=$(push_image tag)
echo "$digest" > "$here/cosign2/tag/digest"
image=$registry/$repository@$digest
"$cosign2" sign --key "$key" --tlog-upload=false "$image"
"$cosign2" sign --key "$key" --tlog-upload=false -a team=blue -a build=7 "$image"
manifest "sha256-${digest#sha256:}.sig" "$here/cosign2/tag/manifest.json"
blobs "$here/cosign2/tag/manifest.json" "$here/cosign2/tag"
"$cosign2" verify --key "$here/cosign.pub" --insecure-ignore-tlog=true "$image" > "$here/cosign2/tag/verified.json"

# cosign 2 with an Ed25519 key
digest=$(push_image ed25519)
echo "$digest" > "$here/cosign2/ed25519/digest"
"$cosign2" sign --key "$work/ed25519.key" --tlog-upload=false "$registry/$repository@$digest"
manifest "sha256-${digest#sha256:}.sig" "$here/cosign2/ed25519/manifest.json"
blobs "$here/cosign2/ed25519/manifest.json" "$here/cosign2/ed25519"

# cosign 2 through referrers; this registry has no referrers API, so cosign keeps the fallback tag
digest=$(push_image referrers)
echo "$digest" > "$here/cosign2/referrers/digest"
COSIGN_EXPERIMENTAL=1 "$cosign2" sign --key "$key" --tlog-upload=false --registry-referrers-mode=oci-1-1 \
    "$registry/$repository@$digest"
manifest "sha256-${digest#sha256:}" "$here/cosign2/referrers/index.json"
manifest "$(jq -r '.manifests[0].digest' "$here/cosign2/referrers/index.json")" "$here/cosign2/referrers/manifest.json"
blobs "$here/cosign2/referrers/manifest.json" "$here/cosign2/referrers"

# cosign 3: a signature with an annotation, and an attestation beside it
"$cosign3" signing-config create > "$work/signing-config.json"
digest=$(push_image bundle)
image=$registry/$repository@$digest
echo "$digest" > "$here/cosign3/signature/digest"
echo "$digest" > "$here/cosign3/attestation/digest"
"$cosign3" sign --key "$key" --signing-config "$work/signing-config.json" -a team=blue "$image"
manifest "sha256-${digest#sha256:}" "$work/signature-index.json"
manifest "$(jq -r '.manifests[0].digest' "$work/signature-index.json")" "$here/cosign3/signature/manifest.json"
blobs "$here/cosign3/signature/manifest.json" "$here/cosign3/signature"
"$cosign3" verify --key "$here/cosign.pub" --insecure-ignore-tlog=true "$image" > "$here/cosign3/signature/verified.json"
echo '{"scanner":{"uri":"pkg:none"}}' > "$work/predicate.json"
"$cosign3" attest --key "$key" --signing-config "$work/signing-config.json" --type vuln --predicate "$work/predicate.json" "$image"
manifest "sha256-${digest#sha256:}" "$here/cosign3/index.json"
last=$(jq -r '.manifests[].digest' "$here/cosign3/index.json" |
    grep -v "$(jq -r '.manifests[0].digest' "$work/signature-index.json")")
manifest "$last" "$here/cosign3/attestation/manifest.json"
blobs "$here/cosign3/attestation/manifest.json" "$here/cosign3/attestation"
