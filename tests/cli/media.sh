#!/bin/sh
# The verdict on every file of a small museum of bad media: code, and a bound
# on time and memory. Through asid-ingest --check decode.
set -u
. tests/tap.sh

good=tests/media/header-first.mp4
m=$tmp/museum
mkdir "$m"
size=$(wc -c <$good)

# --- healthy
for f in header-first.mp4 header-last.mp4 good.mkv edit.mp4 late.mp4 one.mp4 \
    odd.mkv uneven.mkv turn90.mp4; do
    cp "tests/media/$f" "$m/ok-$f"
done
cp $good "$m/ok-%d.mp4"
cp $good "$m/ok-concat:a.mp4"

# --- damaged: probes clean, and the decoder may well end with success
head -c $((size / 2)) $good >"$m/media.damaged-half.mp4"
head -c $((size - 900)) $good >"$m/media.damaged-tail.mp4"
head -c $((size / 2)) tests/media/good.mkv >"$m/media.damaged-half.mkv"
cp $good "$m/media.damaged-zeroed.mp4"
dd if=/dev/zero of="$m/media.damaged-zeroed.mp4" bs=1 seek=$((size / 2)) \
    count=$((size / 10)) conv=notrunc 2>/dev/null

# --- unreadable
head -c $((size / 2)) tests/media/header-last.mp4 \
    >"$m/media.unreadable-half.mp4"
: >"$m/media.unreadable-empty.mp4"
echo '<!DOCTYPE html><html><body>404</body></html>' \
    >"$m/media.unreadable-html.mp4"
printf '#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n%s\n#EXT-X-ENDLIST\n' \
    "$PWD/$good" >"$m/media.unreadable-playlist.mp4"
printf 'ffconcat version 1.0\nfile %s\n' "$PWD/$good" \
    >"$m/media.unreadable-concat.mp4"
printf 'v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\nc=IN IP4 127.0.0.1\n' \
    >"$m/media.unreadable-session.mp4"
truncate -s 4G "$m/media.unreadable-sparse.mp4"
awk 'BEGIN { printf "\0\0\0\020ftypisom\0\0\0\0"
             for (i = 0; i < 20000; i++) printf "\0\0\0\010moov" }' \
    >"$m/media.unreadable-loop.mp4"
ln -s /dev/zero "$m/media.unreadable-device.mp4"
mkfifo "$m/media.unreadable-pipe.mp4"

# --- no picture, too much picture
cp tests/media/cover.m4a "$m/media.no_video-cover.mp4"
cp tests/media/words.mkv "$m/media.no_video-words.mkv"
cp tests/media/level.flac "$m/media.no_video-sound.mp4"
cp tests/media/wide.mkv "$m/media.limit-wide.mkv"

for f in "$m"/*; do
    name=$(basename "$f")
    case $name in
    ok-*) want=accepted ;;
    *) want=${name%%-*} ;;
    esac
    before=$(date +%s)
    run "$bin/asid-ingest" -q --check decode --timeout 10 --memory 512 \
        --rejects "$tmp/rejects" "$f"
    took=$(($(date +%s) - before))
    got=$(jq -r .reject.code "$tmp/rejects")
    [ "$status" -eq 0 ] && [ -s "$tmp/out" ] && [ -z "$got" ] && got=accepted
    is "$got" "$want" "$name: the verdict is $want"
    [ "$took" -le 12 ]
    say $? "$name: within the time"
done

# Whose libraries decode: those of the worker, in whatever uses it.
for name in ingest caption asr verify refine model; do
    run "$bin/asid-$name" --version
    has "$tmp/out" "libavcodec " "asid-$name --version names the worker's libraries"
done
run "$bin/asid-cat" --version
is "$(grep -c libavcodec "$tmp/out")" 0 "asid-cat, which uses none, names none"
finish
