#!/bin/sh
# From data to checkpoints/default/, in one go; every step goes on where an interrupted one was.
#
#   tools/train_default.sh ferplus.zip photographs tf_efficientnet_lite0.in1k.safetensors [runs]
#
# `photographs` is a folder with samples.csv, noisy labels of the basic expressions, and teachers.npz with what other
# networks say of them; `python -m tools.teach_photographs` puts the labels and face-api's answers together first. About
# four hours on two cores.
set -eu
ferplus=$1
photographs=$2
start=$3
runs=${4:-runs}

# Faces to learn action units from show the seven basic expressions, or units drawn with no expression in mind. The
# compounds are learned from other people. `cfer evaluate` and `cfer measure` test on people 8000 and up, who are in none.
cfer synth --people 250 --first 20000 --basics --free 15 --out "$runs/units"
cfer synth --people 80 --per-class 2 --first 6000 --out "$runs/faces"

cfer train basic --data "$ferplus" --start "$start" --out "$runs/basic"
cfer train basic --data "$ferplus" --rendered "$runs/units/samples.csv" --start "$runs/basic/checkpoint" \
    --input-px 128 --detail-px 128 --batch-size 40 --rendered-batch 24 --epochs 4 --compile --out "$runs/muscles"

# Votes, action units also of mild expressions, and photographs with teachers' answers in every batch.
cfer synth --people 76 --first 20000 --basics --free 20 --out "$runs/clear"
cfer synth --people 50 --first 21000 --basics --intensity c --out "$runs/mild-c"
cfer synth --people 44 --first 22000 --basics --intensity b --out "$runs/mild-b"
cfer train basic --data "$ferplus" --rendered "$runs/clear/samples.csv" --rendered "$runs/mild-c/samples.csv" \
    --rendered "$runs/mild-b/samples.csv" --taught "$photographs/samples.csv" --start "$runs/muscles/checkpoint" \
    --input-px 128 --detail-px 128 --batch-size 40 --rendered-batch 36 --taught-batch 52 --learning-rate 4e-4 \
    --average 0.995 --epochs 1 --out "$runs/photographs"
cfer train continual --data "$ferplus" --data "$runs/faces/samples.csv" --data "$photographs/samples.csv" \
    --trust 1 --trust 1 --trust 0.05 --basic "$runs/photographs" --out "$runs/continual"

rm -rf checkpoints/default
cp -r "$runs/continual/checkpoint" checkpoints/default

# The landmark readout, and relations with their controls, on 80 people of whom nothing was learned.
cfer measure checkpoints/default --people 80 --run "$runs/measure"
