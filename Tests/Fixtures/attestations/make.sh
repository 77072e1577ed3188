#!/bin/sh
# Makes the fixtures beside this file with real cosign and a real registry. Usage: make.sh COSIGN2 COSIGN3
# Needs docker-registry, curl, jq and openssl. The private keys are thrown away.
set -eu
cosign2=$1
cosign3=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
port=${PORT:-15093}
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
keep() { # FOLDER REFERENCE: a manifest under its tag or digest, and every layer under its digest
    manifest "$2" "$here/$1/manifests/${2#sha256:}"
    for layer in $(jq -r '.layers // [] | .[].digest' "$here/$1/manifests/${2#sha256:}"); do
        curl -sf "http://$registry/v2/$repository/blobs/$layer" -o "$here/$1/blobs/${layer#sha256:}"
    done
}
keep_referrers() { # FOLDER DIGEST: the fallback index, and all that it lists
    keep "$1" "sha256-${2#sha256:}"
    for digest in $(jq -r '.manifests[].digest' "$here/$1/manifests/sha256-${2#sha256:}"); do keep "$1" "$digest"; done
}

for folder in cosign2 cosign3; do
    rm -rf "${here:?}/$folder"
    mkdir -p "$here/$folder/manifests" "$here/$folder/blobs"
done
"$cosign3" signing-config create > "$work/signing-config.json"
(cd "$work" && "$cosign2" generate-key-pair && cp cosign.pub "$here/cosign.pub")
(cd "$work" && "$cosign2" generate-key-pair --output-key-prefix other && cp other.pub "$here/other.pub")
(cd "$work" && "$cosign2" generate-key-pair --output-key-prefix leaf)

# A root, an intermediate, and a certificate for the key that cosign made.
for name in root intermediate; do
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$name.pem"
done
openssl req -x509 -new -key "$work/root.pem" -subj '/CN=root' -days 36500 -out "$work/root.crt" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
issue() { # NAME ISSUER PUBLICKEY EXTENSIONS
    openssl req -new -key "$work/root.pem" -subj "/CN=$1" -out "$work/request.csr"
    printf '%s\n' "$4" > "$work/extensions"
    openssl x509 -req -in "$work/request.csr" -force_pubkey "$3" -CA "$work/$2.crt" -CAkey "$work/$2.pem" \
        -CAcreateserial -days 36500 -extfile "$work/extensions" -out "$work/$1.crt"
}
openssl pkey -in "$work/intermediate.pem" -pubout -out "$work/intermediate.pub"
issue intermediate root "$work/intermediate.pub" 'basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign'
issue leaf intermediate "$work/leaf.pub" 'basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=codeSigning
subjectAltName=email:release@example.com'
cat "$work/intermediate.crt" "$work/root.crt" > "$work/chain.crt"
cp "$work/leaf.crt" "$work/chain.crt" "$work/root.crt" "$here"

echo '{"reviewed":true}' > "$work/custom.json"
echo '{"scanner":{"uri":"pkg:none","result":{"critical":0}},"metadata":{"scanFinishedOn":"2026-11-20T00:00:00Z"}}' > "$work/vuln.json"
echo '{"bomFormat":"CycloneDX","specVersion":"1.5","components":[]}' > "$work/cyclonedx.json"
echo '{"builder":{"id":"https://example.com/builder"},"buildType":"https://example.com/build"}' > "$work/slsaprovenance.json"

attest2() { # KEY TYPE IMAGE FLAGS
    key=$1 type=$2 image=$3
    shift 3
    "$cosign2" attest --key "$work/$key.key" --tlog-upload=false --type "$type" --predicate "$work/$type.json" "$@" \
        "$registry/$repository@$image"
}
attest3() {
    key=$1 type=$2 image=$3
    shift 3
    "$cosign3" attest --key "$work/$key.key" --signing-config "$work/signing-config.json" --type "$type" \
        --predicate "$work/$type.json" "$@" "$registry/$repository@$image"
}
certificates="--certificate $here/leaf.crt --certificate-chain $here/chain.crt"
for generation in 2 3; do
    folder=$here/cosign$generation
    # attested: all four types; other: a scan by another key; certified: with a certificate
    for name in attested other certified; do push_image "$name$generation" > "$folder/$name"; done
    for type in custom vuln cyclonedx slsaprovenance; do attest$generation cosign $type "$(cat "$folder/attested")"; done
    attest$generation other vuln "$(cat "$folder/other")"
    # shellcheck disable=SC2086
    attest$generation leaf vuln "$(cat "$folder/certified")" $certificates
done
# shellcheck disable=SC2086
"$cosign2" sign --key "$work/leaf.key" --tlog-upload=false $certificates "$registry/$repository@$(cat "$here/cosign2/certified")"
# shellcheck disable=SC2086
"$cosign3" sign --key "$work/leaf.key" --signing-config "$work/signing-config.json" $certificates \
    "$registry/$repository@$(cat "$here/cosign3/certified")"
for name in attested other certified; do
    digest=$(cat "$here/cosign2/$name")
    keep cosign2 "sha256-${digest#sha256:}.att"
    keep_referrers cosign3 "$(cat "$here/cosign3/$name")"
done
digest=$(cat "$here/cosign2/certified")
keep cosign2 "sha256-${digest#sha256:}.sig"
