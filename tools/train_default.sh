#!/bin/sh
# From data to checkpoints/default/, in one go; every step goes on where an interrupted one was.
#
#   tools/train_default.sh ferplus.zip tf_efficientnet_lite0.in1k.safetensors [runs]
#
# About three hours on two cores.
set -eu
ferplus=$1
start=$2
runs=${3:-runs}

# Faces to learn action units from show the seven basic expressions, or units drawn with no expression in mind. The
# compounds are learned from other people. `cfer evaluate` and `cfer measure` test on people 8000 and up, who are in neither.
cfer synth --people 250 --first 20000 --basics --free 15 --out "$runs/units"
cfer synth --people 80 --per-class 2 --first 6000 --out "$runs/faces"

cfer train basic --data "$ferplus" --start "$start" --out "$runs/basic"
cfer train basic --data "$ferplus" --rendered "$runs/units/samples.csv" --start "$runs/basic/checkpoint" \
    --input-px 128 --detail-px 128 --batch-size 40 --rendered-batch 24 --epochs 4 --compile --out "$runs/muscles"
cfer train continual --data "$ferplus" --data "$runs/faces/samples.csv" --basic "$runs/muscles" --out "$runs/continual"

rm -rf checkpoints/default
cp -r "$runs/continual/checkpoint" checkpoints/default

# The landmark readout, and relations with their controls, on 230 people of whom nothing was learned.
cfer measure checkpoints/default --people 230 --run "$runs/measure"
