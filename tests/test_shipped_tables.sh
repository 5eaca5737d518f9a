#!/bin/sh
# The tables of this source that are for this architecture: each line names a kernel of this build
# that is one for it, and a built-in table that was made from journals is the one that they give.
# Usage: test_shipped_tables.sh BUILD_DIR [EMULATOR...]
set -eu
gcstep=$(cd "$1" && pwd)/gcstep
shift
tables=$(cd "$(dirname "$0")/../tables" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

arch=$("$@" "$gcstep" info | sed -n 's/^  identity   \([^ ]*\) .*/\1/p')
case $arch in
x86_64) builtin=$tables/builtin.tsv ;;
*) builtin=$tables/builtin_$arch.tsv ;;
esac

for table in "$builtin" "$tables/$arch"-*.tsv; do
    [ -e "$table" ] || continue # a pattern that nothing matches
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
