#!/bin/sh
# Makes every certificate and key of this folder anew with the openssl command (3.0). Run it here.
set -eu

newkey() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }
root() { # NAME SUBJECT KEY
    openssl req -x509 -new -key "$3.key" -subj "$2" -days 36500 -out "$1.crt" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}
serial=1
issue() { # NAME ISSUER KEY SUBJECT STARTDATE ENDDATE EXTENSIONS [DIGEST]
    openssl req -new -key "$3.key" -subj "$4" -out request.csr
    printf '%s\n' "$7" > extensions.cnf
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n' > ca.cnf
    : > index.txt
    printf '%02X\n' "$serial" > serial
    openssl ca -batch -notext -config ca.cnf -md "${8:-sha256}" -cert "$2.crt" -keyfile "${2%-*}.key" \
        -in request.csr -startdate "$5" -enddate "$6" -extfile extensions.cnf -out "$1.crt"
    rm -f request.csr extensions.cnf ca.cnf index.txt* serial serial.old "$(printf '%02X' "$serial").pem"
    serial=$((serial + 1))
}
from=20250101000000Z
to=21250101000000Z
ca='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign'
leaf='basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=codeSigning
subjectAltName=email:release@example.com'

for name in root intermediate other leaf; do newkey "$name"; done
root root '/CN=Countersign test root' root
root other '/CN=Another root' other
issue intermediate root intermediate '/CN=Countersign test intermediate' $from $to "$ca"
issue leaf intermediate leaf '/CN=release' $from $to "$leaf"

# The same key, and what is wrong with its certificate.
issue expired intermediate leaf '/CN=release' 20240101000000Z 20250101000000Z "$leaf"
issue future intermediate leaf '/CN=release' 21200101000000Z $to "$leaf"
issue tls intermediate leaf '/CN=release' $from $to 'basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth'
issue usage intermediate leaf '/CN=release' $from $to 'basicConstraints=critical,CA:FALSE
keyUsage=critical,keyEncipherment
extendedKeyUsage=codeSigning'
issue any intermediate leaf '/CN=release' $from $to 'basicConstraints=critical,CA:FALSE'
issue critical intermediate leaf '/CN=release' $from $to "$leaf
1.2.3.4=critical,ASN1:NULL"
issue sha1 intermediate leaf '/CN=release' $from $to "$leaf" sha1
issue foreign other leaf '/CN=release' $from $to "$leaf"

# Issuers that may not issue: a leaf, one with a key usage and no basic constraints, one that is past, one for TLS.
issue below leaf leaf '/CN=below a leaf' $from $to "$leaf"
issue intermediate-nobc root intermediate '/CN=Countersign test intermediate' $from $to 'keyUsage=critical,keyCertSign'
issue intermediate-past root intermediate '/CN=Countersign test intermediate' 20240101000000Z 20250101000000Z "$ca"
issue intermediate-tls root intermediate '/CN=Countersign test intermediate' $from $to "$ca
extendedKeyUsage=serverAuth"
cat intermediate.crt root.crt > chain.crt
rm -f intermediate.key root.key other.key
