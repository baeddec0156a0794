#!/bin/sh
# Every run behind docs/benchmark.md; each goes on where an interrupted one was.
#
#   tools/benchmark.sh ferplus.zip votes-only-checkpoint [runs]
#
# The votes-only checkpoint is what `cfer train basic --data ferplus.zip --out runs/votes` leaves in runs/votes. (The
# committed numbers of "votes" are of an earlier version of the package and its first default checkpoint, which this
# version does not read: `git checkout 8f1bff2`.) Under two hours on two cores. `python -m benchmarks.continual.streams` then
# gathers the numbers.
set -eu
ferplus=$1
votes=$2
runs=${3:-runs/benchmark}

run() {  # folder, methods, more options
    out=$runs/$1
    methods=""
    for name in $2; do methods="$methods --method $name"; done
    shift 2
    python -m cfer evaluate --out "$out" $methods "$@"
}

# Rendered people, features of the default checkpoint (phase 1 knows muscles).
rendered="--folds 10 --orders 3"
run muscles "compositional predictive-replay" $rendered --memory 62,20 --shots 1,all
run muscles "compositional nearest-mean teen closed-form streaming-lda ridge ranpac" $rendered --shots 1,all
run muscles "compositional" $rendered --shots 0

# The paper's own phase 1: votes alone.
votes_only="--manifest $runs/muscles/faces/samples.csv --folds 10 --orders 3 --checkpoint $votes"
run votes "compositional predictive-replay nearest-mean closed-form" $votes_only --memory 62 --shots 1,all

# FER+: compounds derived from split votes, the data's own parts.
photographs="--data $ferplus --orders 5"
run ferplus "compositional predictive-replay nearest-mean teen closed-form streaming-lda icarl er" \
    $photographs --memory 62 --shots 1,all

# Rehearsal and distillation, the paper's switches, lower and upper bounds.
run muscles "compositional icarl er der++ er-ace wa gdumb paper-as-coded" $rendered --memory 20 --shots 1,all
run muscles "compositional fecam" $rendered --shots 1,all
run muscles "compositional paper-no-distillation paper-basic-teacher paper-random-memory paper-herding" \
    $rendered --memory 20 --shots 1,all
run votes "compositional paper-as-coded" $votes_only --memory 62 --shots 1,all
run muscles "compositional fine-tuning lwf" $rendered --shots 1,all

# Other shots and budgets.
run muscles "compositional nearest-mean teen" $rendered --shots 3,5
run muscles "compositional predictive-replay" $rendered --memory 5,0 --shots all
run muscles "compositional logistic" $rendered --shots all
run muscles "compositional joint" $rendered --shots all
run muscles "compositional" $rendered --shots 0  # last, so that the report is written over everything
