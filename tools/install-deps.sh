#!/bin/sh
# Install what asid is built with, from Debian's own packages. Does nothing
# when everything is there; asks for root only when something is missing.
#
#   tools/install-deps.sh          what building, testing and the demo need
#   tools/install-deps.sh --dev    also what lint, fuzzing and coverage need
set -eu

need="gcc make pkg-config libc6-dev
      libavformat-dev libavcodec-dev libavutil-dev libswscale-dev
      libswresample-dev libsoxr-dev libsqlite3-dev libyaml-dev libpcre2-dev
      libutf8proc-dev libstemmer-dev nettle-dev
      libcurl4-openssl-dev libespeak-ng-dev openssl jq sqlite3 procps"
dev="clang clang-format clang-tidy libclang-rt-14-dev cppcheck valgrind gcovr
     shellcheck codespell ffmpeg"

case "${1:-}" in
"") ;;
--dev) need="$need $dev" ;;
*)
    echo "usage: tools/install-deps.sh [--dev]" >&2
    exit 2
    ;;
esac

missing=""
for package in $need; do
    state=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
    [ "$state" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "asid: installing:$missing" >&2
if [ "$(id -u)" -eq 0 ]; then
    root=""
elif command -v sudo >/dev/null; then
    root="sudo"
else
    echo "asid: these Debian packages are missing and this is not root:$missing" >&2
    exit 1
fi
$root apt-get update -qq
# shellcheck disable=SC2086  # a list of words is meant
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends $missing >/dev/null
