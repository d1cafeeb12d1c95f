#!/bin/sh
# Makes the database at the first start, with a server that listens on a socket only, and then runs the real one. Arguments alone are the
# server's.
set -e
if [ "${1#-}" != "$1" ]; then
  set -- postgres "$@"
fi
if [ ! -e "$PGDATA/PG_VERSION" ]; then
  printf '%s\n' "${POSTGRES_PASSWORD:?is not set}" > /tmp/password
  initdb --username=postgres --pwfile=/tmp/password --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  pg_ctl start --wait --options="-c listen_addresses='' -k /tmp"
  pg_ctl stop --mode=fast --wait
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/tmp
