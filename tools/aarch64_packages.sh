#!/bin/sh
# Fetches the arm64 libraries that the tests and benches of the preset aarch64 are linked with
# (Debian has cross compilers, but no cross packages of these) and unpacks them into
# build/aarch64-packages. The system's own packages and its apt settings stay as they are: apt gets
# lists and a state of its own there. Without apt it names what is missing and goes on.
#
#   sh tools/aarch64_packages.sh
set -eu
cd "$(dirname "$0")/.."

wanted='libcmocka0 libcmocka-dev libbenchmark1debian libbenchmark-dev'
folder=build/aarch64-packages

if [ -f "$folder/complete" ] && [ "$(cat "$folder/complete")" = "$wanted" ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo "aarch64_packages.sh: no apt here. Needed for arm64, by their Debian names: $wanted" >&2
    exit 0
fi

rm -rf "$folder"
mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial" "$folder/debs"
apt="$PWD/$folder/apt"

# arm64 COMMAND...: apt-get as on an arm64 system without packages. As root it would hand the
# download to a user who may not be able to write here.
arm64() {
    apt-get -q -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root \
        -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache" \
        -o Dir::State::status=/dev/null "$@"
}

echo "aarch64_packages.sh: fetching for arm64: $wanted"
arm64 update
(
    cd "$folder/debs"
    # shellcheck disable=SC2086  # a list of names
    arm64 download $wanted
)
for package in "$folder"/debs/*.deb; do
    dpkg-deb -x "$package" "$folder"
done
rm -rf "$apt" "$folder/debs"
echo "$wanted" >"$folder/complete"
