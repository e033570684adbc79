#!/bin/sh
# Make the media files of the tests again (by hand; ffmpeg 5.1 is needed). The
# pictures follow formulas that tests/unit/test_media.c computes too.
set -eu
cd "$(dirname "$0")"
exact="-map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -threads 1"
make_file() {
    # shellcheck disable=SC2086  # a list of options is meant
    ffmpeg -v error -y "$@"
}

# 10 s of 25 frames, 250 in all, with sound; the header first, and last.
picture="testsrc2=s=64x48:r=25:d=10"
tone="sine=f=440:d=10:r=16000"
for kind in first last; do
    flags=$exact
    [ $kind = last ] || flags="$exact -movflags +faststart"
    # shellcheck disable=SC2086
    make_file -f lavfi -i $picture -f lavfi -i $tone -c:v libx264 -crf 30 \
        -pix_fmt yuv420p -c:a aac -b:a 16k $flags header-$kind.mp4
done
# shellcheck disable=SC2086
make_file -i header-first.mp4 -c copy $exact good.mkv

# Exact pixels: red 13 x + n, green 17 y, blue 40 n (modulo 256); odd size.
formula="nullsrc=s=32x32:r=5:d=1,format=gbrp,crop=17:13:0:0:exact=1,geq=r='mod(13*X+N,256)':g='mod(17*Y,256)':b='mod(40*N,256)'"
# shellcheck disable=SC2086
make_file -f lavfi -i "$formula" -c:v ffv1 $exact odd.mkv
# The names say how far the picture has to be turned, clockwise.
for turn in 90 180 270; do
    # shellcheck disable=SC2086
    make_file -f lavfi -i "$formula" -c:v libx264rgb -qp 0 $exact turn.mp4
    # shellcheck disable=SC2086
    make_file -i turn.mp4 -c copy -metadata:s:v rotate=$((360 - turn)) $exact turn$turn.mp4
    rm turn.mp4
done

# Frame times 0 0.1 0.2 0.3 0.5 0.7 0.9 ..., starting 1.5 s late.
# shellcheck disable=SC2086
make_file -f lavfi -i "$formula,settb=1/1000,setpts='1500+100*N+if(gt(N,3),100*(N-3),0)'" \
    -copyts -vsync passthrough -c:v ffv1 $exact uneven.mkv
# Three shots that begin at 0, 1.2 and 3.2 s, with a flash of two frames at 2 s;
# the first frame is 2 s late.
# shellcheck disable=SC2086
make_file -f lavfi -i smptebars=s=64x48:r=25:d=1.2 -f lavfi -i testsrc2=s=64x48:r=25:d=2 \
    -f lavfi -i mandelbrot=s=64x48:r=25 -filter_complex \
    "[2:v]trim=end_frame=25[c];[0:v][1:v][c]concat=n=3,eq=brightness=0.7:enable='between(n,50,51)',settb=1/1000,setpts=2000+40*N" \
    -copyts -vsync passthrough -c:v libx264 -crf 30 -pix_fmt yuv420p $exact shots.mkv
# An edit list that hides the frames before 0.5 s.
# shellcheck disable=SC2086
make_file -ss 0.5 -i header-first.mp4 -t 1 -an -c copy $exact edit.mp4
# shellcheck disable=SC2086
make_file -f lavfi -i testsrc2=s=64x48:r=25:d=0.04 -c:v libx264 $exact one.mp4

# Sound: left 0.5, right -0.25, so that the mean is 0.125; no resampling.
# shellcheck disable=SC2086
make_file -f lavfi -i "aevalsrc=0.5|-0.25:s=16000:d=1" -c:a flac $exact level.flac
# The rate halves and the second channel goes, in the middle of the file.
# shellcheck disable=SC2086
make_file -f lavfi -i sine=f=440:d=1:r=44100 -ac 2 -b:a 24k $exact -f adts a.aac
# shellcheck disable=SC2086
make_file -f lavfi -i sine=f=440:d=1:r=22050 -ac 1 -b:a 24k $exact -f adts b.aac
cat a.aac b.aac >change.aac
rm a.aac b.aac
# Only 1.6 of the 10 seconds have sound, and it starts late: both are healthy.
# shellcheck disable=SC2086
make_file -i header-first.mp4 -itsoffset 2.5 -t 4 -i header-first.mp4 -map 0:v \
    -map 1:a -c copy $exact late.mp4

# A cover picture is no video; subtitles are neither picture nor sound.
# shellcheck disable=SC2086
make_file -i header-first.mp4 -frames:v 1 $exact cover.png
# shellcheck disable=SC2086
make_file -t 1 -i header-first.mp4 -i cover.png -map 0:a -map 1 -c copy \
    -disposition:v:0 attached_pic $exact cover.m4a
printf '1\n00:00:00,000 --> 00:00:01,000\nwords\n' >words.srt
# shellcheck disable=SC2086
make_file -i words.srt $exact words.mkv
rm cover.png words.srt

# Transparency: red 15 x, green 15 y, blue 128, alpha 17 (x + y); 9 x 7.
# shellcheck disable=SC2086
make_file -f lavfi -i "nullsrc=s=16x16:d=0.04,format=rgba,crop=9:7:0:0:exact=1,geq=r='15*X':g='15*Y':b=128:a='17*(X+Y)'" \
    -frames:v 1 -pred none $exact glass.png

# Wider than the default limit; and a stream whose pictures change size.
# shellcheck disable=SC2086
make_file -f lavfi -i color=s=16416x16:r=5:d=0.2 -c:v mjpeg -q:v 31 $exact wide.mkv
# shellcheck disable=SC2086
make_file -f lavfi -i testsrc2=s=64x48:r=25:d=0.2 -c:v libx264 $exact a.h264
# shellcheck disable=SC2086
make_file -f lavfi -i testsrc2=s=32x24:r=25:d=0.2 -c:v libx264 $exact b.h264
cat a.h264 b.h264 >sizes.h264
rm a.h264 b.h264
