#!/bin/sh
# Kill a pipeline at random instants; it must end as if nobody had.
#
#   tests/crash/kill_pipeline.sh [KILLS] [CLIPS] [SEED] [caption|all]
#
# A folder of CLIPS clips (made from the samples, every one with a content of
# its own, two of them broken) goes through ingest, caption and export, or
# through all stages of ASID-Verify, once without a disturbance. Then asid-run alone, not its group, gets SIGKILL after
# a random while and is started again, KILLS times in all; whenever a run
# reaches its end it is compared with the undisturbed one and everything starts
# over. Compared are dataset, rejects and stage files byte for byte, and what
# the ledger answers: balance, rejects, why for every record (without run ids
# and times). No answered question may be asked again.
set -u
kills=${1:-200}
clips=${2:-30}
seed=${3:-$(date +%s)}
what=${4:-caption}
bin=${ASID_BINDIR:-$PWD/build/release/bin}
samples=$PWD/data-samples
work=$(mktemp -d "${TMPDIR:-/tmp}/asid-crash-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
echo "# seed $seed: $kills kills, $clips clips, $what"

# --- the input
mkdir "$work/media"
n=0
while [ "$n" -lt "$clips" ]; do
    n=$((n + 1))
    case $((n % 3)) in
    0) from=bird ;;
    1) from=meadow-silent ;;
    2) from=portrait ;;
    esac
    name=$(printf 'clip-%03d' "$n")
    cp "$samples/clips/$from.mp4" "$work/media/$name.mp4"
    # A free box of 16 bytes: another content, the same pictures.
    printf '\000\000\000\020free%08d' "$n" >>"$work/media/$name.mp4"
done
cp "$samples/clips/damaged.mp4" "$work/media/clip-broken.mp4"
cp "$samples/clips/not-a-video.mp4" "$work/media/page.mp4"
# Two captioners' rows, which agree in some things and not in others, and a
# transcript for every fourth clip.
write_rows() {
    i=0
    while [ "$i" -lt "$clips" ]; do
        i=$((i + 1))
        name=$(printf 'clip-%03d' "$i")
        case $((i % 2)) in
        0) colour=purple ;;
        1) colour=grey ;;
        esac
        echo "{\"video\":\"$name.mp4\",\"caption\":\"At 0s, a meadow lies in the sun. At 2s, a purple bird sits on a branch and says, 'good morning to you'. Water murmurs.\",\"model\":\"one\"}"
        echo "{\"video\":\"$name.mp4\",\"caption\":\"At 2s, a $colour bird sits on a branch. At 40s, two stones lie in the grass. The camera pans to the left.\",\"model\":\"two\"}"
        [ $((i % 4)) -ne 0 ] ||
            printf '1\n00:00:03,000 --> 00:00:04,500\nGood morning to you.\n' \
                >"$work/media/$name.srt"
    done >"$work/media/rows.jsonl"
}

# The stages of ASID-Verify in one file, on a budget for seconds.
write_all() {
    budget='max-frames: 2, min-frames: 2, max-pixels: 12544, min-pixels: 3136, total-pixels: 100352'
    cat <<END
name: all
root: media
model: $samples/demo-checkpoint
stages:
  - ingest: {inputs: [rows.jsonl, "."], orphans: keep}
  - caption: {name: local, max-tokens: 6, $budget}
  - asr: {sidecar: [srt]}
  - merge: {weights: [local=0.1]}
  - align
  - timecheck
  - verify: {max-tokens: 4, $budget}
  - refine: {rounds: 1, last: remove, max-tokens: 6, $budget}
  - export: {formats: [raw, single-attribute, all-attributes, pairs], output: dataset}
END
}
if [ "$what" = all ]; then
    write_rows
    write_all >"$work/p.yaml"
else
    sed -e 's|^root:.*|root: media|' -e 's|inputs: \[clips\]|inputs: ["."]|' \
        -e "s|^model:.*|model: $samples/demo-checkpoint|" \
        pipelines/caption.yaml >"$work/p.yaml"
fi
cd "$work" || exit 1

# --- what is compared
ledger() { # the answers of DIR/ledger.db
    "$bin/asid-audit" balance --json --ledger "$1/ledger.db"
    "$bin/asid-audit" rejects --json --ledger "$1/ledger.db"
    sqlite3 -readonly "$1/ledger.db" \
        'SELECT DISTINCT record_id FROM outcomes ORDER BY 1' |
        while read -r id; do
            "$bin/asid-audit" why "$id" --json --ledger "$1/ledger.db"
        done |
        sed -E -e 's/"(run_id|started_at)":"[^"]*"/"\1":""/g' \
            -e 's/"--parent-run=[^"]*",?//g' \
            -e 's/"seconds":[0-9.e+-]+/"seconds":0/g'
    # As many questions as one run asks, and the same ones.
    sqlite3 -readonly "$1/ledger.db" \
        'SELECT request_sha256, hex(reply), tokens_in, tokens_out FROM replies
         ORDER BY 1'
}

keep() { # what a run of DIR left, into KEPT
    mkdir "$2"
    cp -r "$1/dataset" "$1/rejects" "$1/stages" "$2/"
    find "$2" -name '*.lock' -delete
    ledger "$1" >"$2/ledger.txt" 2>&1
}

# Replies with the time of their writing: a line here never changes or goes.
answered() {
    [ -f out/ledger.db ] || return 0
    sqlite3 -cmd '.timeout 10000' out/ledger.db \
        'SELECT request_sha256, created_at FROM replies ORDER BY 1'
}

now() {
    date +%s.%N
}

# --- undisturbed
begin=$(now)
if ! "$bin/asid-run" p.yaml --output out -q -j 2; then
    echo "not ok 1 - the undisturbed run ends well"
    exit 1
fi
took=$(echo "$begin $(now)" | awk '{ printf "%.3f", $2 - $1 }')
keep out want
rm -rf out
echo "ok 1 - the undisturbed run ends well"
echo "# it took $took s, $(wc -l <want/dataset/raw.jsonl) rows," \
    "$(cat want/rejects/*.jsonl | wc -l) rejects"

# --- killed
killed=0 completed=0 bad=0
: >answered
compare() {
    keep out got
    if ! diff -r want got >difference; then
        bad=$((bad + 1))
        echo "# run $completed differs after $killed kills:"
        head -c 4000 difference | sed 's/^/#   /'
    fi
    rm -rf got out
    : >answered
}
# Up to half the time of a run: kills fall into every part of it all the same,
# because a run goes on where the last one was killed.
awk -v n=$((kills * 20)) -v seed="$seed" -v took="$took" 'BEGIN {
    srand(seed)
    for (; n > 0; n--) printf "%.3f\n", rand() * took / 2
}' >naps
while [ "$killed" -lt "$kills" ]; do
    read -r nap || break
    "$bin/asid-run" p.yaml --output out -q -j 2 2>errors &
    pid=$!
    sleep "$nap"
    if kill -9 "$pid" 2>/dev/null; then
        wait "$pid" 2>/dev/null
        status=$?
    else
        wait "$pid"
        status=$?
    fi
    case $status in
    137)
        killed=$((killed + 1))
        answered >answered.now
        if [ -n "$(comm -23 answered answered.now)" ]; then
            bad=$((bad + 1))
            echo "# an answer was lost or asked again after kill $killed"
        fi
        mv answered.now answered
        ;;
    0)
        completed=$((completed + 1))
        compare
        ;;
    *)
        bad=$((bad + 1))
        echo "# exit status $status after $killed kills:"
        sed 's/^/#   /' errors
        rm -rf out
        : >answered
        ;;
    esac
done <naps
if [ -d out ]; then
    "$bin/asid-run" p.yaml --output out -q -j 2 || bad=$((bad + 1))
    completed=$((completed + 1))
    compare
fi
echo "# $killed kills, $completed runs reached their end"
if [ "$bad" -eq 0 ] && [ "$killed" -eq "$kills" ] && [ "$completed" -gt 0 ]; then
    echo "ok 2 - killed and restarted runs end with the same bytes"
else
    echo "not ok 2 - killed and restarted runs end with the same bytes"
fi
echo 1..2
[ "$bad" -eq 0 ] && [ "$killed" -eq "$kills" ] && [ "$completed" -gt 0 ]
