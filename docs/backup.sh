#!/usr/bin/env bash
# A backup of Nightbell into a new folder: the database, and what waits on disk for it (the journal).
#
#   NIGHTBELL_DATABASE_URL=postgresql://... NIGHTBELL_DATA_DIR=/var/lib/nightbell docs/backup.sh /backups/2026-11-28
#
# Nothing is stopped for it. The encryption keys are not in it, on purpose: keep them elsewhere, or it opens nothing.
# Needs PostgreSQL's pg_dump, of the server's version or newer.
set -euo pipefail
umask 077
url=${NIGHTBELL_DATABASE_URL:?"the database to back up: postgresql://..."}
data=${NIGHTBELL_DATA_DIR:-.data}
to=${1:?"the folder to make: docs/backup.sh FOLDER"}
mkdir "$to"  # fails where there is one: no backup is written over another
# The journal first: what is written to the database meanwhile is in both, and is known again when it is replayed.
if [ -d "$data/journal" ]; then
  tar --create --file "$to/journal.tar" --directory "$data" journal
fi
pg_dump --format=custom --no-owner --no-privileges --file "$to/nightbell.dump" --dbname "$url"
pg_restore --list "$to/nightbell.dump" > /dev/null  # that it can be read
(cd "$to" && sha256sum -- * > SHA256SUMS)
echo "Backed up into $to. The keys (NIGHTBELL_ENCRYPTION_KEYS) are not in it."
