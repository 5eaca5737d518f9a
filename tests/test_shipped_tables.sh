#!/bin/sh
# The tables of this source: each line names a kernel of this build that is one for it, and the
# built-in table is the one that its journals give. Usage: test_shipped_tables.sh BUILD_DIR
set -eu
gcstep=$1/gcstep
tables=$(cd "$(dirname "$0")/../tables" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for table in "$tables"/*.tsv; do
    "$gcstep" verify --table "$table" --time 0
done

set -- "$tables"/journals/*.journal
if [ ! -e "$1" ]; then
    echo 'there are no journals'
    exit 0
fi
"$gcstep" builtin "$@" -o "$work/builtin.tsv"
diff -u "$tables/builtin.tsv" "$work/builtin.tsv" || {
    echo "tables/builtin.tsv is not what 'gcstep builtin tables/journals/*.journal' gives"
    exit 1
}
