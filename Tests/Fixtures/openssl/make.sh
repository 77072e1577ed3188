#!/bin/sh
# Makes every file of this folder anew with the openssl command (3.0). Run it here; nothing else is needed.
set -eu

key() { # NAME, then the arguments of genpkey
    name=$1
    shift
    openssl genpkey "$@" -out "$name.key"
    openssl pkey -in "$name.key" -pubout -out "$name.pub"
}

key p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
key p384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
key p521 -algorithm EC -pkeyopt ec_paramgen_curve:P-521
key rsa2048 -algorithm RSA -pkeyopt rsa_keygen_bits:2048
key ed25519 -algorithm ED25519

# Refused kinds.
key p224 -algorithm EC -pkeyopt ec_paramgen_curve:P-224
key secp256k1 -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1
key explicit -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit
key rsa1024 -algorithm RSA -pkeyopt rsa_keygen_bits:1024
key rsapss -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048
key ed448 -algorithm ED448
key x25519 -algorithm X25519
openssl ec -in p256.key -pubout -conv_form compressed -out compressed.pub
openssl ec -in p256.key -pubout -conv_form hybrid -out hybrid.pub

# Other ways to write the same keys.
openssl rsa -in rsa2048.key -RSAPublicKey_out -out rsa2048.pkcs1.pub
openssl rsa -in rsa2048.key -traditional -out rsa2048.pkcs1.key
openssl ec -in p256.key -out p256.sec1.key
openssl ecparam -name prime256v1 -genkey -out p256.ecparam.key
openssl pkcs8 -topk8 -in p256.key -passout pass:secret -out p256.encrypted.key
openssl rsa -in rsa2048.key -traditional -aes128 -passout pass:secret -out rsa2048.encrypted.key

# Signatures over one message.
printf 'the quick brown fox jumps over the lazy dog\n' > message
for name in p256 p384 p521 rsa2048; do
    for hash in sha224 sha256 sha384 sha512; do
        openssl dgst -$hash -sign $name.key -out $name.$hash.sig message
    done
done
openssl pkeyutl -sign -rawin -inkey ed25519.key -in message -out ed25519.sig
openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sign rsa2048.key -out rsa2048.pss.sig message

# Certificates: one authority, one intermediate, leaves.
serial=1
authority() { # NAME SUBJECT
    openssl req -x509 -new -key "$1.key" -subj "$2" -days 36500 -out "$1.crt" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ca.key
authority ca '/CN=Countersign test CA'
issue() { # NAME ISSUER KEY SUBJECT STARTDATE ENDDATE EXTENSIONS
    openssl req -new -key "$3.key" -subj "$4" -out request.csr
    printf '%s\n' "$7" > extensions.cnf
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n' > ca.cnf
    : > index.txt
    printf '%02X\n' "$serial" > serial
    openssl ca -batch -notext -config ca.cnf -md sha256 -cert "$2.crt" -keyfile "$2.key" -in request.csr \
        -startdate "$5" -enddate "$6" -extfile extensions.cnf -out "$1.crt"
    rm -f request.csr extensions.cnf ca.cnf index.txt* serial serial.old "$(printf '%02X' "$serial").pem"
    serial=$((serial + 1))
}
leaf='basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:localhost,IP:127.0.0.1'
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out intermediate.key
issue intermediate ca intermediate '/CN=Countersign test intermediate' 20250101000000Z 21250101000000Z \
    'basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign'
issue leaf intermediate p256 '/CN=localhost' 20250101000000Z 21250101000000Z "$leaf"
issue expired ca p256 '/CN=localhost' 20240101000000Z 20250101000000Z "$leaf"
issue future ca p256 '/CN=localhost' 21200101000000Z 21250101000000Z "$leaf"
issue rsaleaf ca rsa2048 '/CN=localhost' 20250101000000Z 21250101000000Z "$leaf"
issue weakleaf ca rsa1024 '/CN=localhost' 20250101000000Z 21250101000000Z "$leaf"
cat leaf.crt intermediate.crt > chain.crt
cat intermediate.crt leaf.crt > reversed.crt
openssl x509 -in leaf.crt -text -out leaf.text.crt
openssl x509 -in leaf.crt -outform DER -out leaf.der
rm -f ca.key intermediate.key
