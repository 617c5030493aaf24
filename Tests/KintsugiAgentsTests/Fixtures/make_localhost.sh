#!/usr/bin/env bash
# Makes localhost.pem: a self-signed certificate for localhost, and its key, for tests only.
set -euo pipefail
cd "$(dirname "$0")"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:TRUE \
    -keyout key.pem -out certificate.pem
(echo "For tests only: a server at localhost that nobody else trusts. Made by make_localhost.sh."
    cat certificate.pem key.pem) > localhost.pem
rm key.pem certificate.pem
