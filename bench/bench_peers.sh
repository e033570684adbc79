#!/bin/sh
# How fast a checkpoint goes, beside the machine's limits and, where they are
# given, beside peers' own bench programs: one table of medians.
#
#   MODEL=DIR bench/bench_peers.sh BINDIR
#
#   MODEL             a checkpoint; build/release/tools/make_checkpoint makes one
#   ROUNDS            3; rounds alternate between programs and precisions
#   PRECISIONS        "bf16 int8 int4"
#   PREFILL           512,2048
#   DECODE            24
#   THREADS           2
#   KERNELS           auto; the set of our kernels (asid-model --help)
#   CACHE             where packed weights are kept; "none" without it
#   PEER_LLAMA_BENCH  a llama-bench, with the same shape as GGUF files in
#   PEER_BF16 PEER_Q8_0 PEER_Q4_K
#   PEER_WHISPER_BENCH, PEER_WHISPER_MODEL   a whisper-bench, for the audio tower;
#                     tools/reference/make_random_whisper.py makes a model
set -eu
bin=$1
: "${MODEL:?a checkpoint folder}" "${ROUNDS:=3}" "${PRECISIONS:=bf16 int8 int4}"
: "${PREFILL:=512,2048}" "${DECODE:=24}" "${THREADS:=2}" "${KERNELS:=auto}" "${CACHE:=none}"
[ -z "${PEER_WHISPER_BENCH:-}" ] || : "${PEER_WHISPER_MODEL:?a model for whisper-bench}"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

peer_file() {
    case $1 in
    bf16) echo "${PEER_BF16:-}" ;;
    int8) echo "${PEER_Q8_0:-}" ;;
    int4) echo "${PEER_Q4_K:-}" ;;
    esac
}
# ours PRECISION: a line "who precision what rate" for every figure. Answers are
# decoded after the last prompt: of one token, as llama-bench has none before them.
ours() {
    "$bin/asid-model" bench -q --model "$MODEL" --precision "$1" --threads "$THREADS" \
        --kernels "$KERNELS" \
        --prefill "$PREFILL,1" --decode "$DECODE" --batch 8 --cache "$CACHE" |
        jq -r --arg p "$1" '
            (.prefill[] | "asid \($p) prefill-\(.tokens) \(.tokens_per_second)"),
            "asid \($p) decode \(.decode.tokens_per_second)",
            "asid \($p) decode-8 \(.batch_decode.tokens_per_second)",
            "asid \($p) vision \(.vision.flops / .vision.seconds / 1e9)",
            "asid \($p) audio-seconds \(.audio.seconds)",
            "asid \($p) audio \(.audio.flops / .audio.seconds / 1e9)",
            "limit all fp32 \(.limits.fp32_gflops)",
            "limit all int8 \(.limits.int8_gops)",
            "limit all read \(.limits.read_gbytes)"' >>"$dir/figures"
}
# theirs PRECISION FILE
theirs() {
    "$PEER_LLAMA_BENCH" -m "$2" -t "$THREADS" -p "$PREFILL" -n "$DECODE" -r 1 -o json 2>/dev/null |
        jq -r --arg p "$1" '.[] | select(.avg_ts) | if .n_gen > 0
            then "peer \($p) decode \(.avg_ts)"
            else "peer \($p) prefill-\(.n_prompt) \(.avg_ts)" end' >>"$dir/figures"
}
# The seconds of one pass of whisper-bench's encoder, always over 30 s of sound.
their_encoder() {
    "$PEER_WHISPER_BENCH" -m "$PEER_WHISPER_MODEL" -t "$THREADS" 2>&1 |
        awk '/encode time =/ { for (i = 2; i < NF; i++) if ($i == "ms" && $(i + 1) == "per") ms = $(i - 1) }
             NF { last = $0 }
             END {
                 if (ms > 0) { print "peer all audio-seconds", ms / 1000; exit }
                 print "bench_peers: no encode time from whisper-bench" (last ? ": " last : "") >"/dev/stderr"
                 exit 1
             }' >>"$dir/figures"
}
round() {
    for p in $PRECISIONS; do
        ours "$p"
        if [ -n "${PEER_LLAMA_BENCH:-}" ] && [ -n "$(peer_file "$p")" ]; then
            theirs "$p" "$(peer_file "$p")"
        fi
    done
    if [ -n "${PEER_WHISPER_BENCH:-}" ]; then
        their_encoder
    fi
}
for i in $(seq "$ROUNDS"); do
    echo "round $i of $ROUNDS" >&2
    round
done

# The median of each figure, then ratios between them.
sort -k1,3 -k4,4g "$dir/figures" | awk '
function flush() { if (n) print key, v[int((n + 1) / 2)], v[1], v[n] }
{ k = $1 " " $2 " " $3; if (k != key) { flush(); key = k; n = 0 } v[++n] = $4 }
END { flush() }' >"$dir/medians"
awk -v precisions="$PRECISIONS" -v prefills="$PREFILL" -v model="$MODEL" -v threads="$THREADS" '
{ m[$1, $2, $3] = $4; low[$1, $2, $3] = $5; high[$1, $2, $3] = $6 }
function ratio(a, b) { return b > 0 ? sprintf("%.2f", a / b) : "-" }
function row(p, what, unit, peak,   ours, peer) {
    ours = m["asid", p, what]
    peer = m["peer", p, what]
    printf "%-5s %-14s %-8s %9.2f %9.2f %9.2f %9s %7s %7s\n", p, what, unit, ours,
        low["asid", p, what], high["asid", p, what], peer ? sprintf("%.2f", peer) : "-",
        peer ? ratio(ours, peer) : "-", peak ? ratio(ours, peak) : "-"
}
END {
    fp32 = m["limit", "all", "fp32"]; int8 = m["limit", "all", "int8"]
    printf "%s, %d threads; limits: fp32 %.0f GFLOP/s, bytes %.0f GOP/s, read %.1f GB/s\n",
        model, threads, fp32, int8, m["limit", "all", "read"]
    printf "%-5s %-14s %-8s %9s %9s %9s %9s %7s %7s\n", "", "", "", "asid", "least", "most",
        "peer", "ratio", "of peak"
    n = split(precisions, p, " "); k = split(prefills, l, ",")
    for (i = 1; i <= n; i++) {
        for (j = 1; j <= k; j++) row(p[i], "prefill-" l[j], "tokens/s")
        row(p[i], "decode", "tokens/s")
        row(p[i], "decode-8", "tokens/s")
        row(p[i], "vision", "GFLOP/s", p[i] ~ /^int/ ? int8 : fp32)
        row(p[i], "audio", "GFLOP/s", p[i] ~ /^int/ ? int8 : fp32)
        printf "%-5s %-14s %-8s %9.2f\n", p[i], "audio, 30 s", "s", m["asid", p[i], "audio-seconds"]
        for (j = 2; j <= k; j++) printf "%-5s prefill-%s keeps %s of the rate of prefill-%s\n", p[i], l[j],
            ratio(m["asid", p[i], "prefill-" l[j]], m["asid", p[i], "prefill-" l[1]]), l[1]
        printf "%-5s eight together are %s times one\n", p[i],
            ratio(m["asid", p[i], "decode-8"], m["asid", p[i], "decode"])
        if (m["peer", "all", "audio-seconds"]) printf "%-5s audio tower takes %s of the peer encoder'"'"'s %.2f s\n",
            p[i], ratio(m["asid", p[i], "audio-seconds"], m["peer", "all", "audio-seconds"]), m["peer", "all", "audio-seconds"]
    }
}' "$dir/medians"
