#!/usr/bin/env bash
# Restores a backup of docs/backup.sh into an empty database and a data folder without a journal.
#
#   NIGHTBELL_DATABASE_URL=postgresql://... NIGHTBELL_DATA_DIR=/var/lib/nightbell docs/restore.sh /backups/2026-11-28
#
# Start `nightbell serve` first, and `nightbell worker` only when you have looked at the open pages: see
# docs/operations.md. Needs PostgreSQL's pg_restore and psql.
set -euo pipefail
umask 077
url=${NIGHTBELL_DATABASE_URL:?"the empty database to restore into: postgresql://..."}
data=${NIGHTBELL_DATA_DIR:-.data}
from=${1:?"the backup: docs/restore.sh FOLDER"}
(cd "$from" && sha256sum --check --quiet SHA256SUMS)
tables=$(psql --no-psqlrc --tuples-only --no-align --dbname "$url" \
  --command "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
if [ "$tables" != 0 ]; then
  echo "The database is not empty: nothing was done. Make a new one for it." >&2
  exit 1
fi
if [ -f "$from/journal.tar" ] && [ -e "$data/journal" ]; then
  echo "$data has a journal already: nothing was done. Move it away, or take another data folder." >&2
  exit 1
fi
pg_restore --exit-on-error --single-transaction --no-owner --no-privileges --dbname "$url" "$from/nightbell.dump"
if [ -f "$from/journal.tar" ]; then
  mkdir -p "$data"
  tar --extract --file "$from/journal.tar" --directory "$data"
fi
echo "Restored. With the keys it was made under (NIGHTBELL_ENCRYPTION_KEYS), nightbell serve starts from it."
