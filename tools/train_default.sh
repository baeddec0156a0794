#!/bin/sh
# From data to checkpoints/default/, in one go; every step goes on where an interrupted one was.
#
#   tools/train_default.sh ferplus.zip photographs vladmandic-human-3.3.6.tgz [runs]
#
# `photographs` is a folder with samples.csv, noisy labels of the basic expressions, and teachers.npz with what other
# networks say of them; `python -m tools.teach_photographs` puts the labels and face-api's answers together first. The
# archive is what `npm pack @vladmandic/human@3.3.6` fetches.
#
# Phase 1 takes eight minutes on one GPU and many hours on two cores; the passes after it twenty minutes on two cores. To learn where the pictures are not, add --prepare
# to it and see tools/learn_prepared.py. The committed checkpoint was learned so, from pictures that were packed as WebP
# at quality 78 and from a start at half precision.
set -eu
ferplus=$1
photographs=$2
package=$3
runs=${4:-runs}

# Faces to learn action units from show the seven basic expressions, or units drawn with no expression in mind; most
# are plain, some mild. The compounds are learned from other people. `cfer evaluate` and `cfer measure` test on people
# 8000 and up, who are in none.
cfer synth --people 196 --first 20000 --basics --free 20 --out "$runs/clear"
cfer synth --people 90 --first 21000 --basics --intensity c --out "$runs/mild-c"
cfer synth --people 44 --first 22000 --basics --intensity b --out "$runs/mild-b"
cfer synth --people 80 --per-class 2 --first 6000 --out "$runs/faces"

# A network that tells people apart; then votes, action units, and photographs with teachers' answers in every batch.
python -m tools.convert_face_start "$package" "$runs/mild-c/samples.csv" "$runs/mobilenetv1_100.vggface2.safetensors"
cfer train basic --data "$ferplus" --rendered "$runs/clear/samples.csv" --rendered "$runs/mild-c/samples.csv" \
    --rendered "$runs/mild-b/samples.csv" --photographs "$photographs/samples.csv" \
    --start "$runs/mobilenetv1_100.vggface2.safetensors" --backbone mobilenetv1_100 --padding same --stride 16 \
    --frozen-groups 0 \
    --input-px 128 --detail-px 128 --batch-size 96 --rendered-batch 64 --photograph-batch 96 \
    --learning-rate 8e-4 --average 0.998 --epochs 18 --out "$runs/basic"
cfer train continual --data "$ferplus" --data "$runs/faces/samples.csv" --data "$photographs/samples.csv" \
    --trust 1 --trust 1 --trust 0.05 --basic "$runs/basic" --out "$runs/continual"

# On from there for two passes: maps of photographs lie where the muscles of their labels show, units as labels let expect.
cfer train basic --data "$ferplus" --rendered "$runs/clear/samples.csv" --rendered "$runs/mild-c/samples.csv" \
    --rendered "$runs/mild-b/samples.csv" --photographs "$photographs/samples.csv" --start "$runs/continual/checkpoint" \
    --backbone mobilenetv1_100 --padding same --stride 16 --input-px 128 --detail-px 128 --frozen-groups 3 \
    --fixed-statistics --expected-units 1 --photograph-maps 0.3 --head-rate 5 --batch-size 64 --rendered-batch 48 \
    --photograph-batch 64 --learning-rate 1e-4 --average 0.995 --epochs 2 --out "$runs/again"
cfer train continual --data "$ferplus" --data "$runs/faces/samples.csv" --data "$photographs/samples.csv" \
    --trust 1 --trust 1 --trust 0.05 --basic "$runs/again" --out "$runs/continual-again"

rm -rf checkpoints/default
cp -r "$runs/continual-again/checkpoint" checkpoints/default

# The landmark readout's error, and relations with their controls, on 80 people of whom nothing was learned; how strong
# action units are called in photographs.
cfer measure checkpoints/default --people 80 --photographs "$photographs/samples.csv" --run "$runs/measure"
