#!/bin/sh
# The tables of this source that are for this architecture, or for OpenCL devices: each line names a kernel of this build
# that is one for it, and a built-in table that was made from journals is the one that they give.
# Usage: test_shipped_tables.sh BUILD_DIR [EMULATOR...]
set -eu
gcstep=$(cd "$1" && pwd)/gcstep
shift
tables=$(cd "$(dirname "$0")/../tables" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$@" "$gcstep" info >"$work/info"
arch=$(sed -n 's/^  identity   \([^ ]*\) .*/\1/p' "$work/info")
case $arch in
x86_64) builtin=$tables/builtin.tsv ;;
aarch64) builtin=$tables/builtin_aarch64.tsv ;;
*)
    echo "gcstep info tells no architecture that there is a table for, but '$arch'"
    exit 1
    ;;
esac

for table in "$builtin" "$tables/$arch"-*.tsv "$tables"/opencl/*.tsv; do
    [ "$table" != "$tables/$arch-*.tsv" ] || continue # nothing matches
    "$@" "$gcstep" verify --table "$table" --time 0
done

cd "$tables/journals" # so that no name has a space
journals=$(find . -name "$arch-*.journal" | sort)
if [ -z "$journals" ]; then
    echo "there are no journals of $arch"
    exit 0
fi
# shellcheck disable=SC2086 # several
"$@" "$gcstep" builtin $journals -o "$work/builtin.tsv"
diff -u "$builtin" "$work/builtin.tsv" || {
    echo "$builtin is not what 'gcstep builtin' gives of the journals of $arch"
    exit 1
}
