#!/bin/sh
# parity.sh BUILD_DIR: runs parity.py on the built shared library. Skipped (77) without torch.
set -eu

build=$(cd "${1:?usage: parity.sh BUILD_DIR}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
header=$here/../../include/gcstep/gcstep.h

# Debian's torch belongs to its own Python, which may not be the first in PATH.
python=
for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import torch' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "skipped: no Python with torch (Debian: python3-torch)"
    exit 77
fi

library=$(find "$build" -name libgcstep.so \( -type f -o -type l \) | head -n 1)
if [ -z "$library" ]; then
    echo "FAILED: no libgcstep.so in $build" >&2
    exit 1
fi
# The binding, gcstep.py, is shared with tools/peers.
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$here/../../tools"
exec "$python" "$here/parity.py" "$library" "$header"
