#!/bin/sh
# make_all.sh TOKENIZER MEDIA VECTORS DEMO
#
# Makes the tiny checkpoints, the media files and all reference values.
#   TOKENIZER  folder of the published Qwen2.5 vocab.json and merges.txt
#   MEDIA      folder of big-buck-bunny-480p-30s.mp4 and speech/jfk.wav;
#              "" keeps the media files that are there
#   VECTORS    tests/vectors
#   DEMO       data-samples/demo-checkpoint
# PYTHON names the interpreter that has requirements.txt installed.
set -eu
[ $# -eq 4 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(dirname "$0")
run() { "${PYTHON:-python3}" "$here/$@"; }
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
export HF_HUB_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1 TRANSFORMERS_VERBOSITY=error

mkdir -p "$3"
run make_checkpoint.py --tokenizer "$1" --output "$3/checkpoints" --demo "$4"
[ -z "$2" ] || run make_media.py --media "$2" --output "$3/media"
run make_vectors.py --vectors "$3"
run make_preprocessing.py --vectors "$3"
run make_tokenizer_cases.py --vectors "$3"
