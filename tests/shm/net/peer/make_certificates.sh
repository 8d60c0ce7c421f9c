#!/bin/sh
# make_certificates.sh FOLDER: a certificate authority and what it signed, each as NAME.pem and
# NAME.key: `good` for localhost and 127.0.0.1, `other` for another host, `expired`; and `stranger`,
# for localhost but signed by an authority that nobody knows.
set -eu
cd "$1"
key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
for authority in ca unknown; do
  # shellcheck disable=SC2086
  openssl req -x509 $key -days 2 -subj "/CN=$authority" -keyout $authority.key -out $authority.pem
done
sign() {  # name, authority, days, subject alternative names
  # shellcheck disable=SC2086
  openssl req $key -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
  printf 'subjectAltName=%s\n' "$4" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days "$3" \
    -extfile "$1.ext" -out "$1.pem"
}
sign good ca 2 DNS:localhost,IP:127.0.0.1
sign other ca 2 DNS:elsewhere.example
sign expired ca -1 DNS:localhost,IP:127.0.0.1
sign stranger unknown 2 DNS:localhost,IP:127.0.0.1
