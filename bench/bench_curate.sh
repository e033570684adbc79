#!/bin/sh
# How fast records go through merge, align and timecheck, in records a second of
# one core, against jq -c on the same file.
#
#   bench/bench_curate.sh BINDIR [RECORDS]
#
# Records are of 6 kB: three sources that agree in most things, a transcript with
# a time for every word, two quotes. Seconds are processor seconds of user and system (noise of other work
# on the machine aside, what a core of one's own would take). Prints one JSON
# object.
set -eu
bin=$1 records=${2:-10000}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# shellcheck disable=SC2016  # awk expands
awk -v records="$records" 'function pick(s,   n, w) {
    n = split(s, w, "|")
    return w[1 + int(rand() * n)]
}
function person() { return pick("a man|a woman|a boy|an old farmer|a tall girl|a police officer") }
function thing() { return pick("cup|book|ball|lamp|suitcase|bicycle|letter|guitar") }
function colour() { return pick("red|blue|green|white|black|yellow|brown") }
function deed() { return pick("picks up|puts down|looks at|points at|throws|hides") }
function sentence(t) {
    if (rand() < 0.12) return sprintf("The camera %s slowly.", pick("pans to the left|zooms in|tilts up|follows the scene"))
    if (rand() < 0.1) return pick("Soft music plays in the background.|A dog barks somewhere.|Traffic can be heard outside.")
    if (rand() < 0.1) return sprintf("The mood is %s.", pick("calm|tense|cheerful|sad"))
    return sprintf("At %ds, %s in a %s coat %s a %s %s near the %s.", t, person(), colour(), deed(), colour(), thing(), pick("window|door|table|tree|car"))
}
# WhisperX: every word with its time.
function segment(from, to, speaker, text,   n, w, i, out, each) {
    n = split(text, w, " ")
    each = (to - from) / n
    for (i = 1; i <= n; i++)
        out = out (i > 1 ? "," : "") sprintf("{\"text\":\"%s\",\"start\":%.2f,\"end\":%.2f,\"method\":\"aligned\"}", w[i], from + (i - 1) * each, from + i * each)
    return sprintf("{\"start\":%.1f,\"end\":%.1f,\"text\":\"%s\",\"speaker\":\"%s\",\"words\":[%s]}", from, to, text, speaker, out)
}
BEGIN {
    srand(7)
    said = segment(16.2, 18.9, "S1", "We should leave before the rain comes.") "," segment(36.4, 38.8, "S2", "No, I will wait right here.")
    for (k = 0; k < records; k++) {
        n = 0
        for (t = 0; t < 60; t += 2) line[n++] = sentence(t)
        sources = ""
        for (s = 0; s < 3; s++) {
            text = ""
            for (i = 0; i < n; i++) {
                if (rand() < 0.15) continue
                one = line[i]
                if (rand() < 0.08) gsub(/red|blue|green/, colour(), one)
                text = text (text == "" ? "" : " ") one
                if (i == 4) text = text " At 16s, she says, \047we should leave before the rain comes\047."
                if (i == 9) text = text " At 36s, he answers, \047no, I will wait right here\047."
            }
            sources = sources (s ? "," : "") sprintf("{\"name\":\"s%d\",\"caption\":\"%s\"}", s, text)
        }
        printf "{\"id\":\"clip%07d\",\"video\":\"media/clip%07d.mp4\",\"media\":{\"duration\":60.0,\"video\":{\"codec\":\"h264\",\"width\":320,\"height\":240,\"fps\":30.0},\"audio\":{\"codec\":\"aac\",\"sample_rate\":44100,\"channels\":2},\"cuts\":[12.4,30.1,44.0]},\"sources\":[%s],\"asr\":{\"name\":\"whisperx\",\"language\":\"en\",\"segments\":[%s]}}\n", k, k, sources, said
    }
}' >"$dir/in.jsonl"

# cpu FILE COMMAND...: processor seconds of a command that reads FILE.
cpu() {
    file=$1
    shift
    # shellcheck disable=SC2016  # the inner shell expands
    bash -c 'TIMEFORMAT="%U %S"; file=$1 out=$2; shift 2; { time "$@" <"$file" >"$out"; } 2>&1' \
        cpu "$file" "$dir/out" "$@" | awk '{ print $1 + $2 }'
}
# The least of three.
least() {
    for _ in 1 2 3; do cpu "$@"; done | sort -n | head -1
}
merge=$(least "$dir/in.jsonl" "$bin/asid-merge" -q --strict)
cp "$dir/out" "$dir/merged"
align=$(least "$dir/merged" "$bin/asid-align" -q --strict)
cp "$dir/out" "$dir/aligned"
times=$(least "$dir/aligned" "$bin/asid-timecheck" -q --strict)
jqs=$(least "$dir/in.jsonl" jq -c .)
peak=0
for stage in merge align timecheck; do
    "$bin/asid-$stage" -q -o "$dir/o-$stage" --ledger "$dir/l.db" "$dir/in.jsonl"
done
peak=$(sqlite3 "$dir/l.db" 'SELECT max(peak_bytes) FROM runs')
awk -v n="$(wc -l <"$dir/in.jsonl")" -v b="$(wc -c <"$dir/in.jsonl")" \
    -v m="$merge" -v a="$align" -v t="$times" -v j="$jqs" -v p="$peak" 'BEGIN {
    all = m + a + t
    printf "{\"records\":%d,\"bytes_a_record\":%.0f,\"merge\":%.0f," \
        "\"align\":%.0f,\"timecheck\":%.0f,\"chain_records_per_s\":%.0f," \
        "\"jq_records_per_s\":%.0f,\"ratio\":%.2f,\"peak_bytes\":%d}\n",
        n, b / n, n / m, n / a, n / t, n / all, n / j, j / all, p
}'
