#!/bin/sh
# asid-model: every call against the reference vectors, from outside.
set -u
. tests/tap.sh

vectors=$PWD/tests/vectors
model=$vectors/checkpoints/tiny-a
case=$vectors/cases/tiny-a-video-sound
video=$vectors/media/matched.mkv
prompt=$(jq -r .prompt "$case/case.json")
answer=$(jq -r .answer "$case/case.json")

# --- info
run "$bin/asid-model" info --model "$model"
exits 0 "info of a whole checkpoint ends well"
is "$(jq -c '[.architecture,.parameters,.bytes]' "$tmp/out")" \
    '["qwen2_5_omni",810720,1621440]' "info counts parameters and bytes"
is "$(jq -c '.tensors' "$tmp/out")" \
    '{"wanted":148,"found":148,"missing":0,"misshapen":0,"ignored":0}' \
    "info counts tensors"
is "$(jq -c '[.text.layers,.text.hidden,.vision.layers,.audio.layers]' \
    "$tmp/out")" '[3,96,4,2]' "info has the dimensions"
run "$bin/asid-model" info --model "$tmp"
exits 1 "a folder that is no checkpoint is refused"
has "$tmp/err" "config.json" "the message names the file"
[ ! -s "$tmp/out" ]
say $? "nothing is printed then"

# A checkpoint that lacks a hundred tensors and more.
mkdir "$tmp/holes"
cp "$model"/*.json "$model"/merges.txt "$tmp/holes"
rm "$tmp/holes/model.safetensors.index.json"
printf '\071\000\000\000\000\000\000\000{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}     \0\0\0\0' \
    >"$tmp/holes/model.safetensors"
run "$bin/asid-model" generate --model "$tmp/holes" --prompt x
exits 1 "a checkpoint with tensors missing is refused"
has "$tmp/err" "146 tensors missing: " "the message counts them"
has "$tmp/err" "more (asid-model info names all)" "and says who names them all"
run "$bin/asid-model" info --model "$tmp/holes"
exits 0 "info of such a checkpoint ends well"
is "$(jq -c '[.tensors.missing,(.names.missing|length),(.names.missing|unique|length)]' "$tmp/out")" \
    '[146,146,146]' "info names every missing tensor"

# --- tokenize, detokenize
printf 'Hello world\n\n<|im_start|>user "\303\251\342\202\254"  x\n' >"$tmp/text"
run "$bin/asid-model" tokenize --model "$model" "$tmp/text"
exits 0 "tokenize ends well"
is "$(wc -l <"$tmp/out")" 3 "tokenize prints one line per line"
is "$(sed -n 2p "$tmp/out")" '[]' "an empty line has no ids"
cp "$tmp/out" "$tmp/ids"
run "$bin/asid-model" detokenize --model "$model" "$tmp/ids"
exits 0 "detokenize ends well"
same "$tmp/out" "$tmp/text" "detokenize is the inverse"
run "$bin/asid-model" tokenize --model "$model" - "$tmp/text"
is "$(wc -l <"$tmp/out")" 3 "a hyphen is standard input"
printf '[1,2]\n[1,"x"]\n' >"$tmp/ids"
run "$bin/asid-model" detokenize --model "$model" "$tmp/ids"
exits 1 "an id that is no number is refused"
has "$tmp/err" "ids:2: " "the message names the line"
printf '[33]\n[33,4000000]\n' >"$tmp/ids"
run "$bin/asid-model" detokenize --model "$model" "$tmp/ids"
exits 1 "an id without text is refused"
has "$tmp/err" "ids:2: 4000000: " "the message names the id"
printf 'ok\n\377\n' >"$tmp/text"
run "$bin/asid-model" tokenize --model "$model" "$tmp/text"
exits 1 "text that is no UTF-8 is refused"
has "$tmp/err" "text:2: " "the message names its line too"

# --- inputs
run "$bin/asid-model" inputs --model "$model" --video "$video" \
    --prompt "$prompt" --dump "$tmp/dump"
exits 0 "inputs of a video with sound ends well"
keys='{frames,height,width,grid_thw,video_tokens,audio_tokens,ids,positions,rope_delta}'
is "$(jq -c "$keys" "$tmp/out" | sha256sum)" \
    "$(jq -c "$keys" "$case/case.json" | sha256sum)" \
    "inputs are those of the reference"
is "$(jq -c '.bytes|keys' "$tmp/out")" \
    '["activations","inputs","kv_cache","weights"]' "inputs plans memory"
is "$(ls "$tmp/dump")" "mel.npy
pixels.npy" "inputs dumps what it computed"
run "$bin/asid-model" inputs --model "$model" --prompt hi
is "$(jq -c '[.frames,.grid_thw,.rope_delta]' "$tmp/out")" '[0,[],0]' \
    "a prompt without media has no frames"

# --- score
run "$bin/asid-model" score --model "$model" --video "$video" \
    --prompt "$prompt" --answer "$answer" --dump "$tmp/dump"
exits 0 "score ends well"
is "$(jq -c .answer_ids "$tmp/out")" "$(jq -c .answer_ids "$case/case.json")" \
    "the answer's ids are those of the reference"
gap=$(jq -s '[.[0].logprobs,.[1].logprobs]|transpose|map(.[0]-.[1]|fabs)|max < 0.005' \
    "$tmp/out" "$case/case.json")
is "$gap" true "log probabilities agree within 0.005"
is "$(jq '[.top[]|length==5 and .[0].logprob>=.[4].logprob]|all' "$tmp/out")" \
    true "every position has its five best"
is "$(ls "$tmp/dump" | tr '\n' ' ')" \
    "audio.npy hidden.npy logits.npy mel.npy pixels.npy vision.npy " \
    "score dumps all six tensors"
run "$bin/asid-model" score --model "$model" --prompt x
exits 2 "score without an answer is wrong usage"

# --- generate
greedy() {
    run "$bin/asid-model" generate --model "$model" --video "$video" \
        --prompt "$prompt" --max-tokens 24 "$@"
}
greedy
exits 0 "generate ends well"
is "$(jq -c .ids "$tmp/out")" "$(jq -c .generated "$case/case.json")" \
    "24 greedy tokens are those of the reference"
is "$(jq .text "$tmp/out")" "$(jq .generated_text "$case/case.json")" \
    "and so is their text"
is "$(jq '.tokens_per_second > 0' "$tmp/out")" true "generate tells its speed"
jq -c .ids "$tmp/out" >"$tmp/one"
greedy --threads 3
jq -c .ids "$tmp/out" >"$tmp/two"
same "$tmp/one" "$tmp/two" "threads change nothing"
greedy --temperature 1 --seed 5
jq -c .ids "$tmp/out" >"$tmp/one"
greedy --temperature 1 --seed 5
jq -c .ids "$tmp/out" >"$tmp/two"
same "$tmp/one" "$tmp/two" "a seed decides what is sampled"
greedy --repetition-penalty 1
is "$(jq -c .ids "$tmp/out" | diff -q - "$tmp/one" >"$tmp/diff" || echo other)" \
    other "the repetition penalty reaches the model"
greedy --memory 0.001
exits 1 "work that needs more memory than allowed is refused"
has "$tmp/err" "needs " "the refusal has the figures"

# --- media that cannot be used
greedy --video "$vectors/media/speech-16k.wav"
exits 1 "sound given as a video is refused"
has "$tmp/err" "speech-16k.wav" "the message names the file"
greedy --video "$tmp/none.mp4"
exits 1 "a video that is not there is refused"
has "$tmp/err" "none.mp4" "the message names that file"
run "$bin/asid-model" inputs --model "$model" --video "$video" \
    --audio "$vectors/media/speech-16k.wav" --image "$vectors/media/picture.png" \
    --prompt hi
exits 0 "video, picture and sound go together"
is "$(jq -c '[.video_tokens,.image_tokens,.audio_tokens>75,(.grid_thw|length)]' \
    "$tmp/out")" '[420,20,true,2]' \
    "the sound file takes the place of the video's sound"

# --- bench
run "$bin/asid-model" bench --model "$model" --prefill 16,64 --decode 4 --batch 2
exits 0 "bench ends well"
is "$(jq -c '[.precision,(.prefill|map(.tokens)),.batch_decode.batch]' \
    "$tmp/out")" '["fp32 over bf16",[16,64],2]' "bench measures what was asked"
is "$(jq '[.prefill[].tokens_per_second,.decode.tokens_per_second,
    .batch_decode.tokens_per_second,.vision.seconds,.audio.seconds,
    .limits.fp32_gflops,.limits.int8_gops,.limits.read_gbytes,
    .vision.share_of_int8_peak,.peak_bytes]|all(.>0)' "$tmp/out")" \
    true "every figure is measured"
run "$bin/asid-model" bench --model "$model" --prefill 0
exits 2 "a prompt of no tokens is wrong usage"

# --- usage
run "$bin/asid-model" --model "$model"
exits 2 "a call is needed"
run "$bin/asid-model" info
exits 2 "a checkpoint is needed"
run "$bin/asid-model" info --model "$model" extra.txt
exits 2 "info reads no files"
# --- precision
eight() {
    run "$bin/asid-model" score --model "$model" --prompt "What is it?" \
        --answer "A bird." --precision int8 "$@"
}
eight --cache "$tmp/cache"
exits 0 "int8 weights"
is "$(find "$tmp/cache" -name '*.int8.asidpack' | wc -l)" 1 \
    "are kept in the cache folder"
cp "$tmp/out" "$tmp/eight"
eight --cache "$tmp/cache"
same "$tmp/out" "$tmp/eight" "and mapped by the next start"
eight --cache none
same "$tmp/out" "$tmp/eight" "packed in memory they say the same"
XDG_CACHE_HOME=$tmp/xdg eight
is "$(find "$tmp/xdg/asid" -name '*.int8.asidpack' | wc -l)" 1 \
    "the folder is the user's cache when none is named"
run "$bin/asid-model" score --model "$model" --prompt "What is it?" \
    --answer "A bird."
is "$(cmp -s "$tmp/out" "$tmp/eight" && echo same || echo other)" other \
    "and it is not what is stored"

finish
