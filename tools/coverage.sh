#!/bin/sh
# Line coverage of the layers that work without a model; exit 1 under 90 %.
set -eu
tree=$1
gcovr --root . --object-directory "$tree" --gcov-ignore-parse-errors \
    --filter 'common/(base|data|text|ledger|media|net|kit|curate|dataset|pipeline|audit)/' \
    --filter 'stages/(ingest|asr|merge|align|timecheck|export|run|audit|cat)\.c' \
    --fail-under-line 90 --print-summary
