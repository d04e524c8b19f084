#!/bin/sh
# prepare.sh [HOST]: makes what the stack needs and nobody else may have: maoga.env and grafana.env with fresh secrets,
# and a certificate for HOST (default localhost) that no browser trusts, for a first try. What is there stays as it is.
set -eu
umask 077
cd "$(dirname "$0")"
host=${1:-localhost}
nginx_user=101

if [ ! -e maoga.env ]; then
    echo "MAOGA_SECRET_KEY=$(openssl rand -hex 32)" >maoga.env
    echo "wrote maoga.env: the key that signs tokens; other secret settings go there, too"
fi

if [ ! -e grafana.env ]; then
    echo "GF_SECURITY_ADMIN_PASSWORD=$(openssl rand -hex 16)" >grafana.env
    echo "wrote grafana.env: the password of the user admin"
fi

if [ ! -e tls/privkey.pem ]; then
    mkdir -p tls acme
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj "/CN=$host" \
        -addext "subjectAltName=DNS:$host" -keyout tls/privkey.pem -out tls/fullchain.pem 2>/dev/null
    chmod 755 tls acme
    chmod 644 tls/fullchain.pem
    # nginx is another user in its container. Without the right to give it the key, all users of this machine may read it.
    chown "$nginx_user" tls/privkey.pem 2>/dev/null || chmod 644 tls/privkey.pem
    echo "wrote tls/: a certificate for $host that is its own authority; replace both files by real ones"
fi
