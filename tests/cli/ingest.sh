#!/bin/sh
# asid-ingest: which files become records, under which ids, and what becomes of
# the others.
set -u
. tests/tap.sh

clips=data-samples/clips
ingest() { run "$bin/asid-ingest" -q --rejects "$tmp/rejects" "$@"; }
ids() { jq -r .id "$tmp/out" | tr '\n' ' '; }
codes() { jq -r '"\(.video) \(.reject.code)"' "$tmp/rejects"; }

# --- records
ingest --root data-samples clips
exits 0 "a folder with unreadable files still ends well"
is "$(ids)" "bird damaged meadow-silent portrait " \
    "records come in the order of paths, named by their stems"
is "$(codes)" "clips/not-a-video.mp4 media.unreadable" \
    "what is no video is rejected with its path"
is "$(jq -c keys_unsorted "$tmp/rejects")" '["id","video","reject"]' \
    "a reject says nothing that differs from folder to folder"
is "$(jq -c 'select(.id=="bird")|[keys_unsorted,.video,.sources]' "$tmp/out")" \
    '[["id","video","media","sources"],"clips/bird.mp4",[]]' \
    "a record has id, video, media and empty sources"
is "$(jq -c 'select(.id=="bird").media|[.duration,.bytes,.video.codec,.video.width,.video.height,.video.fps,.video.frames,.audio.sample_rate]' "$tmp/out")" \
    "[5.5,$(wc -c <$clips/bird.mp4),\"h264\",480,270,24,132,48000]" \
    "media holds what probing found"
is "$(jq -r 'select(.id=="bird").media.sha256' "$tmp/out")" \
    "$(sha256sum $clips/bird.mp4 | cut -d' ' -f1)" \
    "media holds the hash of the file"
is "$(jq -c 'select(.id=="meadow-silent").media.audio' "$tmp/out")" null \
    "a silent video has audio null"
cp "$tmp/out" "$tmp/one"
ingest --root data-samples clips -j 4
same "$tmp/out" "$tmp/one" "several jobs give the same bytes"
ingest $clips/bird.mp4
is "$(jq -r .video "$tmp/out")" $clips/bird.mp4 \
    "without a root, paths start from the working directory"
ingest "$PWD/$clips/bird.mp4"
is "$(jq -r .video "$tmp/out")" "$PWD/$clips/bird.mp4" \
    "absolute paths stay absolute"

# --- checking
ingest --check decode $clips
exits 0 "a full check of a folder ends well"
is "$(codes)" "$clips/damaged.mp4 media.damaged
$clips/not-a-video.mp4 media.unreadable" "a full check finds the cut file"
has "$tmp/rejects" "42 of 132 frames" "the message says how much is there"
is "$(jq -c 'select(.id=="bird").media.decoded' "$tmp/out")" \
    '{"frames":132,"errors":0,"video_span":5.5,"audio_span":5.504}' \
    "a full check records what came out of the decoders"
is "$(jq -c '[.id,.media.cuts]' "$tmp/out")" '["bird",[1.75]]
["meadow-silent",[]]
["portrait",[1.25]]' "a full check finds where shots begin"
ingest $clips/bird.mp4
is "$(jq -c '.media|has("cuts")' "$tmp/out")" false \
    "a probe does not claim that there are no cuts"

# --- ids
mkdir -p "$tmp/set/a" "$tmp/set/b"
cp $clips/bird.mp4 "$tmp/set/a/clip.mp4"
cp $clips/portrait.mp4 "$tmp/set/b/clip.mp4"
cp $clips/portrait.mp4 "$tmp/set/b/other.MP4"
hash() { sha256sum "$1" | cut -c1-8; }
ingest --root "$tmp/set"
is "$(ids)" "clip-$(hash $clips/bird.mp4) clip-$(hash $clips/portrait.mp4) other " \
    "equal stems get the hash of the content"
cp "$tmp/out" "$tmp/before"
mv "$tmp/set/a" "$tmp/set/moved"
ingest --root "$tmp/set"
is "$(jq -r .id "$tmp/out" | sort)" "$(jq -r .id "$tmp/before" | sort)" \
    "moving a folder changes no id"
mv "$tmp/set/moved" "$tmp/set/a"
ingest --root "$tmp/set" a/clip.mp4
is "$(ids)" "clip " "a stem is unique among the files of the call"
cp $clips/bird.mp4 "$tmp/set/b/clip2.mp4"
cp $clips/bird.mp4 "$tmp/set/clip.mp4"
ingest --root "$tmp/set"
is "$(codes)" "clip.mp4 input.duplicate" \
    "the same stem with the same content is a duplicate"
has "$tmp/rejects" "as a/clip.mp4 has" "a duplicate names the file before it"
ingest --root "$tmp/set" --duplicates content
is "$(codes)" "b/clip2.mp4 input.duplicate
b/other.MP4 input.duplicate
clip.mp4 input.duplicate" "equal content is a duplicate when asked for"
cp $clips/bird.mp4 "$tmp/set/b/one.mkv"
ingest --root "$tmp/set" --suffixes mkv,webm
is "$(ids)" "one " "only files with the suffixes asked for are taken"
rm "$tmp/set/b/one.mkv"
ingest --root "$tmp/set" --suffixes mkv,webm
exits 1 "suffixes that no file has are a failure"
has "$tmp/err" "no video file found below $tmp/set: " "which names the folder"
ingest --root "$tmp/set" a ./a a/clip.mp4
is "$(jq -r .video "$tmp/out")" a/clip.mp4 "a file named twice is one record"

# --- resuming: an id that is taken stays taken
ingest --root "$tmp/set" --ledger "$tmp/ledger" -o "$tmp/records" a b
exits 0 "a run with a ledger ends well"
cp "$tmp/records" "$tmp/first"
ingest --root "$tmp/set" --ledger "$tmp/ledger" -o "$tmp/records" a b
exits 0 "the same run again ends well"
same "$tmp/records" "$tmp/first" "the same run again gives the same bytes"

libraries=$(sqlite3 "$tmp/ledger" 'SELECT DISTINCT libraries FROM runs')
for name in 'SQLite ' 'libavformat ' 'libavcodec ' 'libswscale ' libsoxr-; do
    is "$(echo "$libraries" | grep -c "$name[0-9]")" 1 \
        "the run's libraries name $name, with its version"
done
run "$bin/asid-ingest" --version
is "$(sed -n 2p "$tmp/out")" "$libraries" "so does --version"
mkdir "$tmp/alone"
cp "$bin/asid-ingest" "$tmp/alone"
run "$tmp/alone/asid-ingest" --version
exits 0 "--version does not need the media worker"
has "$tmp/out" "no asid-media-worker" "and says that it is not there"

# --- resuming: a file that was replaced is looked at again
mkdir "$tmp/swap"
for n in 1 2; do # the same pictures with another last byte
    cp $clips/bird.mp4 "$tmp/swap/bird.mp4.$n"
    printf '\000\000\000\020free%08d' $n >>"$tmp/swap/bird.mp4.$n"
done
touch -r $clips/bird.mp4 "$tmp/swap/bird.mp4.1" "$tmp/swap/bird.mp4.2"
swap() { ingest --root "$tmp/swap" --ledger "$tmp/swap.db" -o "$tmp/swapped" .; }
hash_of() { sha256sum <"$tmp/swap/bird.mp4" | cut -d' ' -f1; }
cp -p "$tmp/swap/bird.mp4.1" "$tmp/swap/bird.mp4"
swap
is "$(jq -r .media.sha256 "$tmp/swapped")" "$(hash_of)" "a file has its hash"
cat "$tmp/swap/bird.mp4.2" >"$tmp/swap/bird.mp4"
touch -r $clips/bird.mp4 "$tmp/swap/bird.mp4"
swap
is "$(jq -r .media.sha256 "$tmp/swapped")" "$(hash_of)" \
    "written anew with the same size and time it gets its new hash"
mv "$tmp/swap/bird.mp4.1" "$tmp/swap/bird.mp4"
swap
is "$(jq -r .media.sha256 "$tmp/swapped")" "$(hash_of)" \
    "and so does one that another file was moved onto"

# --- the same file reached twice
ingest --root "$tmp/set" a a/../a "$tmp/set/a" a/clip.mp4 "$tmp/set/b/../a/clip.mp4"
is "$(jq -r '"\(.id) \(.video)"' "$tmp/out")" "clip a/clip.mp4" \
    "inputs that overlap give a file once, by its first path, with its stem"
is "$(codes)" "" "and no duplicate"
ln -s ../clip.mp4 "$tmp/set/a/other-name.mp4"
ingest --root "$tmp/set" a/other-name.mp4 clip.mp4
is "$(ids)" "other-name clip " "a link with another name is a clip of its own"
rm "$tmp/set/a/other-name.mp4"

# --- odd files
odd=$tmp/odd
mkdir -p "$odd/.hidden" "$odd/loop"
cp $clips/bird.mp4 "$odd/-x.mp4"
cp $clips/bird.mp4 "$odd/new
line.mp4"
cp $clips/bird.mp4 "$odd/quo'te\".mp4"
cp $clips/bird.mp4 "$odd/.hidden/no.mp4"
cp $clips/bird.mp4 "$(printf '%s/caf\351.mp4' "$odd")"
ln -s . "$odd/loop/again"
ln -s nowhere "$odd/dangling.mp4"
mkfifo "$odd/pipe.mp4"
: >"$odd/empty.mp4"
cp tests/media/cover.m4a "$odd/sound.mp4"
ingest --root "$odd"
exits 0 "odd names and odd files end well"
is "$(jq -c .id "$tmp/out")" '"-x"
"new\nline"
"quo'"'"'te\""' "odd names come through"
is "$(codes)" 'caf\xe9.mp4 media.unreadable
dangling.mp4 media.unreadable
empty.mp4 media.unreadable
pipe.mp4 media.unreadable
sound.mp4 media.no_video' "each odd file is rejected for what it is"
has "$tmp/rejects" "not UTF-8" "a name that no record can hold is explained"
cp "$tmp/rejects" "$tmp/odd.rejects"
mv "$odd" "$tmp/elsewhere"
ingest --root "$tmp/elsewhere"
same "$tmp/rejects" "$tmp/odd.rejects" "moving the root changes no reject"
(
    cd "$tmp/elsewhere" || exit
    "$bin/asid-ingest" -q --rejects "$tmp/rejects" >/dev/null
)
same "$tmp/rejects" "$tmp/odd.rejects" "nor does standing in it"

# --- inputs that are not there
mkdir "$tmp/typed"
echo kept >"$tmp/typed/records"
echo kept >"$tmp/typed/rejects"
cp -r "$tmp/typed" "$tmp/untouched"
typed() { # inputs
    run "$bin/asid-ingest" --root data-samples -o "$tmp/typed/records" \
        --rejects "$tmp/typed/rejects" "$@"
}
for input in clipz clipz/ nothing.mp4 clips/bird.mp4/x "$tmp/nowhere"; do
    typed clips "$input"
    exits 1 "an input that is not there is a failure: $(basename "$input")"
    same "$tmp/typed" "$tmp/untouched" "and nothing is written"
done
ln -s nowhere "$tmp/unmounted"
typed "$tmp/unmounted"
exits 1 "so is a link that leads nowhere"
typed clipz
is "$(cat "$tmp/err")" \
    "asid-ingest: cannot look at data-samples/clipz: No such file or directory" \
    "one line names it, with the cause"

# --- shards
mkdir -p "$tmp/many/x" "$tmp/many/y"
for n in 1 2 3 4 5 6 7 8; do
    cp $clips/bird.mp4 "$tmp/many/clip$n.mp4"
done
cp $clips/bird.mp4 "$tmp/many/x/twin.mp4"
cp $clips/portrait.mp4 "$tmp/many/y/twin.mp4"
ingest --root "$tmp/many" .
sort "$tmp/out" >"$tmp/whole"
: >"$tmp/joined"
for shard in 0/3 1/3 2/3; do
    ingest --root "$tmp/many" --shard $shard .
    cat "$tmp/out" >>"$tmp/joined"
done
sort "$tmp/joined" >"$tmp/parts"
same "$tmp/parts" "$tmp/whole" "the shards together are the whole, each once"
is "$(wc -l <"$tmp/parts")" 10 "with every file, stems unique or not"
ingest --root "$tmp/many" --shard 3/3 .
exits 2 "a shard that does not exist is wrong usage"

# --- wrong usage
ingest -
exits 2 "standard input holds no files"
mkdir "$tmp/none"
run "$bin/asid-ingest" --root "$tmp/none"
exits 1 "a folder without any video is a failure"
has "$tmp/err" "no video file found below $tmp/none: " "which names it"
ingest --root "$tmp" none many
exits 0 "beside one that has some it is none"

finish
