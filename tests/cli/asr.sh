#!/bin/sh
# asid-asr: where transcripts come from, what is taken out of them, and what
# happens where there is none.
set -u
. tests/tap.sh

root=$tmp/media
mkdir -p "$root"
cp data-samples/clips/bird.mp4 data-samples/clips/meadow-silent.mp4 "$root"
cp data-samples/clips/portrait.mp4 "$root/clip.mp4"
"$bin/asid-ingest" -q --root "$root" . >"$tmp/records"
asr() { run "$bin/asid-asr" -q --root "$root" --rejects "$tmp/rejects" "$@"; }
# of ID FILTER: what the last output has for a record.
of() { jq -c "select(.id==\"$1\")|$2" "$tmp/out"; }
messages() { jq -r '.findings[]?.message' "$tmp/out"; }
# cue FILE FROM TO TEXT: one cue more in a SubRip file.
cue() {
    printf '1\n00:00:0%s --> 00:00:0%s\n%s\n\n' "$2" "$3" "$4" >>"$root/$1"
}

# --- without any transcript
asr "$tmp/records"
exits 0 "records without a transcript go on"
same "$tmp/out" "$tmp/records" "and do not change"
asr --require "$tmp/records"
exits 0 "with --require the stage ends well, too"
is "$(jq -r '.id+" "+.reject.code' "$tmp/rejects" | tr '\n' ' ')" \
    "bird asr.missing clip asr.missing meadow-silent asr.missing " \
    "and each record without a transcript is rejected"
has "$tmp/rejects" "there is no transcript" "the message says so"

# --- a sidecar
cue bird.srt 0,500 2,000 'A <i>brook</i>,'
cue bird.srt 2,500 4,000 'then "44" birds.'
asr "$tmp/records"
is "$(of bird '.asr|[.name,.language,.file,(.segments|length)]')" \
    '["srt",null,"bird.srt",2]' "a transcript names its format and file"
is "$(of bird '.asr.segments[0]')" \
    '{"start":0.5,"end":2,"text":"A brook,","words":[{"text":"A","start":0.5,"end":0.714,"method":"proportional"},{"text":"brook,","start":0.714,"end":2,"method":"proportional"}]}' \
    "every word has an interval and a method"
is "$(of bird keys_unsorted)" '["id","video","media","sources","asr"]' \
    "nothing else is added"
is "$(of clip .asr)" null "a record without a sidecar has no transcript"
cp "$tmp/out" "$tmp/first"
asr -j 4 "$tmp/records"
same "$tmp/out" "$tmp/first" "several jobs give the same bytes"
asr --name whisper-large --language EN "$tmp/records"
is "$(of bird '[.asr.name,.asr.language]')" '["whisper-large","en"]' \
    "name and language can be given"

# --- which sidecar
printf 'WEBVTT\n\n00:01.000 --> 00:02.000\nfrom vtt\n' >"$root/bird.vtt"
cat >"$root/bird.json" <<END
{"segments": [{"start": 1, "end": 2, "text": " in 2014", "speaker": "S1",
 "words": [{"word": "in", "start": 1, "end": 1.3, "score": 0.9},
           {"word": "2014"}]}], "language": "en"}
END
text() { of bird '.asr.segments[0].text' | tr -d '"'; }
asr "$tmp/records"
is "$(text)" "in 2014" "what has times of words is preferred"
is "$(of bird '[.asr.name,.asr.language,.asr.segments[0].speaker,.asr.segments[0].words[].method]')" \
    '["whisperx","en","S1","aligned","between"]' \
    "JSON brings language, speakers and times of words"
asr --sidecar srt,json "$tmp/records"
is "$(text)" "A brook," "--sidecar says which format comes first"
asr --sidecar vtt "$tmp/records"
is "$(text)" "from vtt" "and which are looked at"
asr --sidecar none "$tmp/records"
exits 2 "no sidecars and no endpoint is wrong usage"
asr --sidecar none,srt "$tmp/records"
exits 2 "none goes with nothing else"
asr --sidecar srt,srt "$tmp/records"
exits 2 "a format twice is wrong usage"
asr --sidecar ass "$tmp/records"
exits 2 "a format that is none is wrong usage"
rm "$root"/bird.*[!4]

# --- languages
lang() { of bird '[.asr.language,.asr.segments[0].text]'; }
cue bird.de.srt 1,000 2,000 deutsch
cue bird.en-US.srt 1,000 2,000 american
cue bird.sdh.srt 1,000 2,000 'no language'
asr --language en "$tmp/records"
is "$(lang)" '["en","american"]' "a language takes its relatives"
asr --language fr "$tmp/records"
is "$(lang)" '[null,null]' "and no other language"
asr "$tmp/records"
is "$(lang)" '["de","deutsch"]' "without a choice the first by name is taken"
has "$tmp/out" 'bird.de.srt was taken, there is also bird.en-US.srt: --language chooses' \
    "and the record says that there was one"
cue bird.en-orig.srt 1,000 2,000 original
asr "$tmp/records"
is "$(lang)" '["en-orig","original"]' "the original goes before translations"
cue bird.mp4.srt 1,000 2,000 whole
asr "$tmp/records"
is "$(lang)" '[null,"whole"]' "a file of no language goes before those"
cue bird.srt 1,000 2,000 plain
asr "$tmp/records"
is "$(lang)" '[null,"plain"]' "the plain name goes before all"
asr --language de "$tmp/records"
is "$(lang)" '["de","deutsch"]' "the language asked for goes before it"
asr --language klingonese "$tmp/records"
exits 2 "a language that is none is wrong usage"
rm "$root"/bird.*srt

# --- a folder of their own
subs=$tmp/subs
mkdir -p "$subs/a" "$root/a"
cp "$root/clip.mp4" "$root/a/clip.mp4"
printf '%s\n' '{"id":"one","video":"a/clip.mp4"}' \
    '{"id":"two","video":"clip.mp4"}' '{"id":"three"}' >"$tmp/three"
cue ../subs/a/clip.srt 1,000 2,000 mirrored
cue ../subs/two.srt 1,000 2,000 'by id'
cue ../subs/three.srt 1,000 2,000 'without video'
asr --sidecar-dir "$subs" "$tmp/three"
is "$(jq -r '.asr.segments[0].text' "$tmp/out" | tr '\n' ' ')" \
    "mirrored by id without video " \
    "sidecars are found under the video's path and the record's id"
mv "$subs/two.srt" "$subs/clip.srt"
rm "$subs/a/clip.srt"
asr --sidecar-dir "$subs" "$tmp/three"
is "$(jq -r '.asr.segments[0].text' "$tmp/out" | tr '\n' ' ')" \
    "by id by id without video " "and under the video's name"

# --- files that are none
printf 'not a subtitle' >"$root/clip.vtt"
printf '1\n00:00:01,000 --> 00:00:02,000\ncaf\351\n' >"$root/clip.srt"
echo '{"title": "another tool"}' >"$root/clip.json"
asr "$tmp/records"
exits 0 "unreadable sidecars stop nothing"
is "$(of clip '[.asr,(.findings|map(.code+" "+.message))]')" \
    '[null,["asr.sidecar clip.vtt: has no line with \"-->\"","asr.sidecar clip.srt: byte 35 is not UTF-8"]]' \
    "they are noted with the reason; JSON of something else is not"
asr --require "$tmp/records"
is "$(jq -r 'select(.id=="clip").reject.message' "$tmp/rejects")" \
    "clip.json: is JSON of something that is no transcript" \
    "the reject of a record tells why the first is none"
is "$(jq -c 'select(.id=="clip").findings' "$tmp/rejects")" null \
    "a rejected record is as it came"
cue clip.de.srt 1,000 2,000 'the next one'
asr "$tmp/records"
is "$(of clip '.asr.segments[0].text')" '"the next one"' \
    "the next sidecar is taken instead"
rm "$root"/clip.*[!4]
cue clip.srt 1,000 2,000 good
printf '1\n00:00:0x,000 --> 00:00:03,000\nbad\n' >>"$root/clip.srt"
asr "$tmp/records"
is "$(of clip '[.asr.segments[].text]')" '["good"]' \
    "cues that cannot be read do not spoil the others"
is "$(messages)" \
    'clip.srt: 1 that cannot be read left out; line 6: "00:00:0x,000 --> 00:00:03,000" is no pair of times' \
    "and are counted with the line of the first"
: >"$root/clip.srt"
asr "$tmp/records"
is "$(of clip .asr)" \
    '{"name":"srt","language":null,"segments":[],"file":"clip.srt"}' \
    "an empty file says that nobody speaks"
head -c 17000000 /dev/zero | tr '\0' 'x' >"$root/clip.srt"
asr "$tmp/records"
is "$(messages)" "clip.srt: has more than 16777216 bytes" \
    "a file that is too long is refused"
rm "$root/clip.srt"
mkdir "$root/clip.srt"
mkfifo "$root/clip.vtt"
asr "$tmp/records"
is "$(messages)" "clip.vtt: is not a regular file
clip.srt: is not a regular file" "folders and pipes are refused"
rm -r "$root/clip.srt" "$root/clip.vtt"

# --- nothing outside
mkdir "$tmp/secret"
cue ../secret/x.srt 1,000 2,000 secret
ln -s ../secret/x.srt "$root/clip.srt"
cue bird.srt 1,000 2,000 linked
ln -s bird.srt "$root/clip.en.srt"
asr "$tmp/records"
is "$(of clip '[.asr.file,.asr.segments[].text]')" '["clip.en.srt","linked"]' \
    "a link to another file below the root is followed"
is "$(messages)" "clip.srt: is a link that leads elsewhere" \
    "one that leads out of it is not"
rm "$root/clip.srt" "$root/clip.en.srt" "$root/bird.srt"
printf '%s\n' '{"id":"x","video":"../secret/x.mp4"}' \
    '{"id":"../secret/x","video":"a/../../secret/x.mp4"}' \
    "{\"id\":\"y\",\"video\":\"$tmp/secret/x.mp4\"}" '{"id":"z","video":"."}' \
    '{"id":"w","video":"/"}' '{"id":"v","video":"no/such/x.mp4"}' \
    '{"id":"u","video":"a\u0000b.mp4"}' >"$tmp/paths"
asr "$tmp/paths"
exits 0 "records with paths of all kinds end well"
is "$(jq -r '[.id,.asr.segments[0].text,.findings[0].message]|join("|")' "$tmp/out")" \
    "x||the folder of ../secret/x.mp4 lies outside of --root
../secret/x||the folder of a/../../secret/x.mp4 lies outside of --root
y|secret|
z||
w||
v||
u||" "a relative path cannot leave the root, an absolute one says what it means"
asr --sidecar-dir "$subs" "$tmp/paths"
is "$(jq -r '.asr.segments[0].text' "$tmp/out" | grep -c secret)" \
    0 "nor can one leave the folder of sidecars"

# --- what nobody said
cue bird.srt 0,000 1,000 'A brook.'
cue bird.srt 1,000 1,000 'No time.'
cue bird.srt 1,000 2,000 'Subtitles by the Amara.org community'
cue bird.srt 2,000 2,100 'Nobody has ever said as many words as this in a tenth of a second.'
for i in 3,000 3,100 3,200 3,300 3,400 3,500 3,600 3,700; do
    cue bird.srt $i 5,000 'On and on.'
done
cue bird.srt 8,000 9,000 'After the end.'
cue meadow-silent.srt 1,000 2,000 'Thank you for watching!'
asr "$tmp/records"
is "$(of bird '[.asr.segments[].text]')" '["A brook.","On and on."]' \
    "what nobody said is taken out"
is "$(of bird '.findings|map([.code,.rule,.was])|.[]')" \
    '["asr.hallucination","interval","No time."]
["asr.hallucination","credit","Subtitles by the Amara.org community"]
["asr.hallucination","rate","Nobody has ever said as many words as this in a tenth of a second."]
["asr.hallucination","loop","On and on."]
["asr.hallucination","outside","After the end."]' \
    "each with the rule and its text"
is "$(of bird '.findings[3]|[.start,.end,.count,.now,.message]')" \
    '[3.1,5,7,null,"\"On and on.\" (3.10s to 5.00s, 7 times): the same words 8 times in a row"]' \
    "repeats are counted"
is "$(of meadow-silent '[.asr.segments,.findings[0].rule]')" '[[],"no-audio"]' \
    "a clip without sound has no transcript"
asr --rules rate,loop "$tmp/records"
is "$(of bird '[.findings[].rule]')" '["rate","loop"]' "rules can be chosen"
asr --rules '' "$tmp/records"
is "$(of bird '.findings')$(of bird '.asr.segments|length')" null13 \
    "or none at all"
asr --rules magic "$tmp/records"
exits 2 "a rule that is none is wrong usage"
rm "$root"/*.srt

# --- what is to be heard: half of the clip is silence
command -v ffmpeg >"$tmp/has" 2>&1 &&
    ffmpeg -nostdin -v error -i data-samples/clips/bird.mp4 \
        -af "volume=0:enable='gt(t,2.5)'" -c:v copy -c:a aac \
        "$root/quiet.mp4" 2>"$tmp/ffmpeg"
if [ -s "$root/quiet.mp4" ]; then
    "$bin/asid-ingest" -q --root "$root" quiet.mp4 >"$tmp/quiet"
    cue quiet.srt 0,000 2,000 'Thank you for watching!'
    cue quiet.srt 3,000 4,000 'Thank you for watching!'
    cue quiet.srt 4,000 5,000 'Nothing is heard here.'
    asr "$tmp/quiet"
    is "$(of quiet '[.asr.segments[].start,(.findings[]|.rule,.start)]')" \
        '[0,"silence",3,"silence",4]' "text over silence is taken out"
    asr --rules stock "$tmp/quiet"
    is "$(of quiet '[.asr.segments[].start,(.findings[]|.rule,.start)]')" \
        '[0,4,"stock",3]' "a stock phrase goes where nothing is heard"
    printf 'x' >>"$root/quiet.mp4"
    asr "$tmp/quiet"
    is "$(of quiet '.asr.segments|length')" 3 \
        "the sound of another file is no evidence"
    rm "$root"/quiet.*
fi

# --- transcripts that are there
printf '%s\n' \
    '{"id":"bird","video":"bird.mp4","asr":{"name":"mine","segments":[]},"findings":[{"stage":"asr","code":"asr.sidecar","message":"old"},{"stage":"align","code":"speech.misquoted","message":"kept"}]}' \
    '{"id":"clip","video":"clip.mp4","asr":null}' >"$tmp/had"
cue bird.srt 0,500 1,000 new
asr "$tmp/had"
is "$(sed -n 1p "$tmp/out")" "$(sed -n 1p "$tmp/had")" \
    "a transcript that is there stays, byte for byte"
asr --require "$tmp/had"
is "$(jq -r .id "$tmp/out") $(jq -r .id "$tmp/rejects")" "bird clip" \
    "and counts for --require, null does not"
asr --replace "$tmp/had"
is "$(of bird '[.asr.segments[0].text,[.findings[].message]]')" \
    '["new",["kept"]]' "--replace replaces it and what the stage had found"
rm "$root/bird.srt"
asr --replace --require "$tmp/had"
is "$(of bird .asr.name)" '"mine"' "with nothing in its place it stays"
cp "$tmp/first" "$tmp/again"
asr "$tmp/again"
same "$tmp/out" "$tmp/again" "a second run changes nothing"

# --- files that come, change and go between runs
file=$tmp/kept.jsonl
again() { run "$bin/asid-asr" --progress never --root "$root" -o "$file" \
    --rejects "$tmp/rejects" --ledger "$tmp/files.db" "$@" "$tmp/records"; }
heard() { jq -r 'select(.id=="bird").asr.segments[0].text' "$file"; }
again --require
is "$(jq -r .id "$tmp/rejects" | wc -l)" 3 "without files all are rejected"
cue bird.srt 0,500 1,000 first
again --require
is "$(heard) $(jq -r .id "$tmp/rejects" | wc -l)" "first 2" \
    "a file that has come since is read by the next run"
again
has "$tmp/err" "3 records in, 3 accepted" "other options begin anew"
cp "$file" "$tmp/before"
again
has "$tmp/err" "3 unchanged since an earlier run" \
    "where no file changed nothing is done again"
same "$file" "$tmp/before" "and the result is the same"
rm "$root/bird.srt"
cue bird.srt 0,500 1,000 second
again
is "$(heard)" second "a file that has changed is read again"
has "$tmp/err" "2 unchanged since an earlier run" "the others are not"
is "$(sqlite3 "$tmp/files.db" "SELECT count(*), count(DISTINCT beside) FROM
    outcomes WHERE beside LIKE 'bird.srt ________________'")" "4|2" \
    "the ledger has the files with their hashes"
runs=$(sqlite3 "$tmp/files.db" "SELECT group_concat(run_id, ' ') FROM (SELECT
    run_id FROM runs ORDER BY run_id DESC LIMIT 2)")
# shellcheck disable=SC2086  # two arguments are meant
run "$bin/asid-audit" diff ${runs#* } ${runs% *} --ledger "$tmp/files.db"
has "$tmp/out" "beside" "a change is put down to the file"
rm "$root/bird.srt"
again
is "$(heard)" null "a file that has gone leaves nothing"

# --- an endpoint
mock=$bin/test/asid-mock-endpoint
serve() { # SCENARIO
    printf '%s' "$1" >"$tmp/scenario"
    rm -f "$tmp/port"
    "$mock" --port-file "$tmp/port" --scenario "$tmp/scenario" \
        --log "$tmp/log" --seconds 60 &
    server=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ -s "$tmp/port" ] && break
        sleep 0.1
    done
    url=http://127.0.0.1:$(cat "$tmp/port")/v1
}
unserve() { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; }
requests() { wc -l <"$tmp/log"; }
ask() { asr --endpoint "$url" --model whisper-1 --ledger "$tmp/ledger.db" "$@"; }
head -2 "$tmp/records" >"$tmp/two"
reply='{"task":"transcribe","language":"english","duration":5,"text":"so we go","segments":[{"start":0.5,"end":2,"text":" so we go","no_speech_prob":0.01,"avg_logprob":-0.2},{"start":2,"end":3,"text":" Thank you.","no_speech_prob":0.9,"avg_logprob":-1.5}],"words":[{"word":"so","start":0.5,"end":0.8},{"word":"we","start":0.8,"end":1},{"word":"go","start":1,"end":2}]}'

: >"$tmp/log"
serve "{\"key\":\"sesame-1234\",\"models\":[\"whisper-1\"],\"rules\":[{\"has\":\"nobody-knows-this\",\"status\":404,\"body\":\"\"},{\"body\":$reply}]}"
ASID_API_KEY=sesame-1234 export ASID_API_KEY
ask --language English "$tmp/records"
exits 0 "an endpoint is asked where there is no sidecar"
is "$(of bird '.asr|[.name,.language,.file]')" '["whisper-1","en",null]' \
    "its model names the transcript"
is "$(of bird '.asr.segments[]|[.start,.end,.text,([.words[]|.method]|join(" "))]')" \
    '[0.5,2,"so we go","aligned aligned aligned"]' \
    "segments and words come from the reply"
is "$(of bird '.findings[0]|[.rule,.was]')" '["no-speech","Thank you."]' \
    "the rules apply to it"
is "$(of meadow-silent .asr) $(requests)" "null 2" \
    "about a clip without sound nobody is asked"
cp "$tmp/out" "$tmp/heard"
asr --endpoint "$url" --model whisper-1 --language en --ledger "$tmp/ledger.db" \
    -o "$tmp/second" "$tmp/records"
same "$tmp/second" "$tmp/heard" "a second run says the same"
is "$(requests)" 2 "and asks nothing"
ask --language de "$tmp/two"
is "$(requests)" 4 "another language is another question"
cue bird.srt 1,000 2,000 written
ask --language en "$tmp/two"
is "$(of bird .asr.name)" '"srt"' "a sidecar goes before the endpoint"
rm "$root/bird.srt"
is "$(grep -c sesame "$tmp/ledger.db" "$tmp/out" "$tmp/err" "$tmp/heard" |
    grep -vc ':0$')" 0 "the key is in no file"
ASID_API_KEY=wrong-key ask --language fr "$tmp/two"
exits 1 "a refused key stops the run"
asr --endpoint "$url" --model nobody-knows-this "$tmp/two"
exits 1 "an unknown model stops the run"
unserve
ask --language it "$tmp/two"
exits 1 "an endpoint that is gone stops the run"
ask --language en "$tmp/two"
exits 0 "what it had answered needs none"

: >"$tmp/log"
serve "{\"rules\":[{\"times\":1,\"status\":500,\"body\":\"\"},{\"times\":1,\"body\":\"{\\\"text\\\":\"},{\"body\":$reply}]}"
ask --language nl "$tmp/two"
is "$(of bird '.asr.segments|length')" 1 "errors and broken replies are retried"
unserve
serve '{"rules":[{"body":{"text":"a","segments":[{"start":null,"text":"no times"}]}}]}'
ask --language pl "$tmp/two"
exits 0 "a reply that is no transcript costs the record only"
is "$(jq -r '.reject.code' "$tmp/rejects" | sort -u)" model.failed \
    "it is rejected"
has "$tmp/rejects" "segment 0 has no start and end" "with the reason"
unserve
serve "{\"rules\":[{\"body\":$reply}]}"
ask --language pl "$tmp/two"
is "$(of bird '.asr.segments|length')" 1 "and asked again by the next run"
unserve
asr --endpoint "$url" "$tmp/two"
exits 2 "an endpoint without a model is wrong usage"
asr --model whisper-1 "$tmp/two"
exits 2 "a model without an endpoint is wrong usage"
asr --endpoint 'http://me:secret@localhost/v1' --model m "$tmp/two"
exits 2 "an address with a password is wrong usage"

# --- in a pipeline
cue bird.srt 0,500 2,000 'A brook.'
cat >"$tmp/pipeline.yaml" <<END
name: asr
root: $root
model: data-samples/demo-checkpoint
stages:
  - ingest: {inputs: [bird.mp4]}
  - asr: {sidecar: [srt, json], rules: [loop]}
END
run "$bin/asid-run" -q "$tmp/pipeline.yaml" --output "$tmp/run"
exits 0 "a pipeline has the stage, its model is not meant for it"
is "$(jq -r '.asr.segments[0].text' "$tmp/run/stages/02-asr.jsonl")" \
    "A brook." "and reads sidecars"
finish
